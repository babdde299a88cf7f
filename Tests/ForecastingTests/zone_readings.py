"""What Python's zoneinfo says of one zone, 2024 to 2037: how many readings, and a sum over instants and offsets.

Run by TimeZoneTests with a zone's name, so that both sides read the zone files of the machine they run on.
"""

import datetime
import sys
import zoneinfo

UTC = datetime.timezone.utc
# A step that shares no factor with a week's minutes: the clock changes on Sundays, at every hour of the night.
STEP = datetime.timedelta(minutes=101)

zone = zoneinfo.ZoneInfo(sys.argv[1])
digest, count = 0, 0
local = datetime.datetime(2024, 1, 1)
while local.year < 2038:
    instant = int(local.replace(tzinfo=zone, fold=0).timestamp())
    offset = int(datetime.datetime.fromtimestamp(instant, UTC).astimezone(zone).utcoffset().total_seconds())
    digest = (digest * 31 + instant + 7 * offset) % (1 << 61)
    count += 1
    local += STEP
print(count, digest)
