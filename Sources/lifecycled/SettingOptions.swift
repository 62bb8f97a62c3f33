internal import ArgumentParser
internal import LifecycleRPC

/// A flag for every setting of one section. ArgumentParser finds the options of a type through its mirror and decodes
/// each by its name, so the mirror and the decoder are made from the table of settings. The values stay text here, so
/// that a bad flag and a bad variable are refused with the same message.
struct SettingOptions<Part: SettingsPart>: ParsableArguments, CustomReflectable {
    /// The text of every given flag, by `Setting.name`.
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

/// One type for each section, because ArgumentParser groups options by their type.
protocol SettingsPart {
    static var section: Setting.Section { get }
}

enum GeneralPart: SettingsPart {
    static let section = Setting.Section.general
}

enum GroupsPart: SettingsPart {
    static let section = Setting.Section.groups
}

enum LimitsPart: SettingsPart {
    static let section = Setting.Section.limits
}
