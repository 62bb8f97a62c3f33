internal import ArgumentParser
internal import LifecycleRPC

/// A flag for every setting of one section. ArgumentParser finds the options of a type by its mirror and decodes each by
/// its name, so both can be made from the table of settings, where others have properties. The flags are text: a bad
/// flag and a bad variable are refused in the same words.
struct SettingOptions<Part: SettingsPart>: ParsableArguments, CustomReflectable {
    /// The text of every flag that was given, by `Setting.name`.
    let given: [String: String]

    private static var settings: [Setting] { Setting.all.filter { $0.section == Part.section } }

    init() { given = [:] }

    init(from decoder: any Decoder) throws {
        let flags = try decoder.container(keyedBy: Key.self)
        given = try Self.settings.reduce(into: [:]) { given, setting in
            let flag = try flags.decode(Option<String?>.self, forKey: Key(stringValue: setting.name))
            given[setting.name] = flag.wrappedValue
        }
    }

    var customMirror: Mirror {
        let flags = Self.settings.map { setting -> Mirror.Child in
            let help = ArgumentHelp("\(setting.help)", valueName: setting.placeholder)
            return (setting.name, Option<String?>(name: .customLong(String(setting.flag.dropFirst(2))), help: help))
        }
        return Mirror(self, children: flags)
    }

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { return nil }
    }
}

/// Tells the sections apart for ArgumentParser, which makes groups of options by their type.
protocol SettingsPart {
    static var section: Setting.Section { get }
}

/// Where the daemon works, and how it lives.
enum GeneralPart: SettingsPart {
    static let section = Setting.Section.general
}

/// Who has which role.
enum GroupsPart: SettingsPart {
    static let section = Setting.Section.groups
}

enum LimitsPart: SettingsPart {
    static let section = Setting.Section.limits
}
