/// Numbers for people.
enum Figure {
    /// Three significant digits. Whole numbers are not rounded.
    static func decimal(_ number: Double) -> String {
        guard number.isFinite, number.magnitude < 9e15 else { return "\(number)" }
        if number == number.rounded() { return "\(Int64(number))" }
        let scale: Double = number.magnitude < 10 ? 100 : number.magnitude < 100 ? 10 : 1
        let rounded = (number * scale).rounded() / scale
        return rounded == rounded.rounded() ? "\(Int64(rounded))" : "\(rounded)"
    }

    /// `17 bytes`, `4.1 MiB`.
    static func bytes(_ bytes: Int64) -> String {
        var size = Double(bytes)
        for unit in ["bytes", "KiB", "MiB", "GiB"] {
            if size < 1024 { return "\(decimal(size)) \(unit)" }
            size /= 1024
        }
        return "\(decimal(size)) TiB"
    }

    static func seconds(_ seconds: Double) -> String {
        switch seconds.magnitude {
        case 0: "0 s"
        case ..<0.001: "\(decimal(seconds * 1e6)) µs"
        case ..<1: "\(decimal(seconds * 1e3)) ms"
        default: "\(decimal(seconds)) s"
        }
    }
}
