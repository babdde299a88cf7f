/// Text and tables of a page that needs nothing else: no script, no outside file.
package enum HTML {
    /// - Parameter style: what the page adds to the common style sheet.
    package static func page(title: String, style: String = "", body: String) -> String {
        """
        <!DOCTYPE html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
        <meta name="color-scheme" content="light dark"><title>\(escaped(title))</title>
        <style>\(PageStyle.css)\(style)</style></head><body><main>
        \(body)
        </main></body></html>

        """
    }

    package static func escaped(_ text: String) -> String {
        var out = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            default: out.unicodeScalars.append(character)
            }
        }
        return out
    }
    /// - Parameter left: places of the columns that hold words; the others hold numbers.
    package static func table(_ head: [String], left: Set<Int> = [0], rows: [[String]]) -> String {
        func cells(_ texts: [String], _ tag: String) -> String {
            texts.enumerated().map { index, text in
                "<\(tag)\(left.contains(index) ? "" : " class=\"n\"")>\(escaped(text))</\(tag)>"
            }.joined()
        }
        return "<div class=\"wide\"><table><tr>\(cells(head, "th"))</tr>"
            + rows.map { "<tr>\(cells($0, "td"))</tr>" }.joined() + "</table></div>"
    }
}
