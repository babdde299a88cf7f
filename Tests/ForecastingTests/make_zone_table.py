"""Writes ZoneTable.swift: what Python's zoneinfo says of many zones, 2024 to 2037."""

import datetime
import zoneinfo

ZONES = """Europe/Berlin Europe/London Europe/Dublin Europe/Lisbon America/New_York America/Los_Angeles
America/Sao_Paulo America/St_Johns America/Nuuk America/Santiago America/Havana Australia/Sydney Australia/Lord_Howe
Asia/Tokyo Asia/Kolkata Asia/Kathmandu Asia/Jerusalem Asia/Gaza Asia/Beirut Africa/Cairo Africa/Casablanca
Pacific/Auckland Pacific/Chatham Pacific/Apia Pacific/Kiritimati Pacific/Easter Atlantic/Azores Antarctica/Troll
Asia/Tehran UTC""".split()
UTC = datetime.timezone.utc
rows = []
for name in ZONES:
    zone = zoneinfo.ZoneInfo(name)
    digest, count = 0, 0
    # Local readings each 12 h 30 min and each half hour around month ends of change; both folds.
    local = datetime.datetime(2024, 1, 1)
    while local.year < 2038:
        instants = []
        for fold in (0, 1):
            aware = local.replace(tzinfo=zone, fold=fold)
            instants.append(int(aware.timestamp()))
        offset = int(datetime.datetime.fromtimestamp(instants[0], UTC).astimezone(zone).utcoffset().total_seconds())
        digest = (digest * 31 + instants[0] + 7 * offset) % (1 << 61)
        count += 1
        local += datetime.timedelta(minutes=30)
    rows.append((name, count, digest))
print("/// Written by make_zone_table.py: readings each half hour, 2024 to 2037, and a sum over instants and offsets.")
print("let zoneTable: [(zone: String, readings: Int, sum: UInt64)] = [")
for name, count, digest in rows:
    print(f'    ("{name}", {count}, {digest}),')
print("]")
