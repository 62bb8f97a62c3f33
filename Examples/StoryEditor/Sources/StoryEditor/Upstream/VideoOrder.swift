internal import Foundation

/// What a user orders, in the words of SuperDuperAI's "create project" call, so that the app's page, its API and the
/// call have one shape. Members that it does not know are ignored.
struct VideoOrder: Codable, Sendable {
    struct Settings: Codable, Sendable {
        var prompt: String
        var aspectRatio: String?
        var imageGenerationConfigName: String?
        var quality: String?
        var seed: Int64?
        var autoMode: Bool?
        var entityIds: [String]?
        var dynamic: Int64?
        var voiceover: Bool?
        var subtitles: Bool?
        var watermark: Bool?
        var voiceoverVolume: Double?
        var musicVolume: Double?
        var soundEffectVolume: Double?

        enum CodingKeys: String, CodingKey {
            case prompt, quality, seed, dynamic, voiceover, subtitles, watermark
            case aspectRatio = "aspect_ratio"
            case imageGenerationConfigName = "image_generation_config_name"
            case autoMode = "auto_mode"
            case entityIds = "entity_ids"
            case voiceoverVolume = "voiceover_volume"
            case musicVolume = "music_volume"
            case soundEffectVolume = "sound_effect_volume"
        }
    }

    var templateName: String?
    var config: Settings

    enum CodingKeys: String, CodingKey {
        case templateName = "template_name"
        case config
    }
}

extension VideoOrder {
    static let aspectRatios = ["16:9", "9:16", "1:1", "4:3"]
    static let qualities = ["sd", "hd", "full_hd"]
    static let maximumPromptBytes = 4000

    /// Says what is wrong with it, before it costs anything.
    func validated() throws(Problem) -> VideoOrder {
        var order = self
        order.config.prompt = config.prompt.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !order.config.prompt.isEmpty else { throw .unprocessable("Please say what the video is about.") }
        guard order.config.prompt.utf8.count <= Self.maximumPromptBytes else {
            throw .unprocessable("The text is too long: at most \(Self.maximumPromptBytes) bytes.")
        }
        try Self.check("aspect_ratio", config.aspectRatio, Self.aspectRatios)
        try Self.check("quality", config.quality, Self.qualities)
        for (name, volume) in [
            ("voiceover_volume", config.voiceoverVolume), ("music_volume", config.musicVolume),
            ("sound_effect_volume", config.soundEffectVolume),
        ] {
            if let volume, !(0...1).contains(volume) { throw .unprocessable("\(name) must be from 0 to 1.") }
        }
        let names = [templateName, config.imageGenerationConfigName].compactMap { $0 } + (config.entityIds ?? [])
        guard names.count <= 102, names.allSatisfy({ (1...255).contains($0.utf8.count) }) else {
            throw .unprocessable("A name in the order is empty or too long, or there are too many.")
        }
        return order
    }

    private static func check(_ name: String, _ value: String?, _ allowed: [String]) throws(Problem) {
        if let value, !allowed.contains(value) {
            throw .unprocessable("\(name) must be one of \(allowed.joined(separator: ", ")).")
        }
    }

    /// What people see in lists: the beginning of the prompt, on one line.
    var title: String {
        let line = config.prompt.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let printable = String(
            String.UnicodeScalarView(line.unicodeScalars.filter { $0.properties.generalCategory != .control }))
        var title = String(printable.prefix(80))
        // One character can be many bytes, and a project's name has at most 255.
        while title.utf8.count > 250 { title = String(title.unicodeScalars.dropLast(8)) }
        return title.utf8.count < printable.utf8.count ? title + "…" : title
    }

    /// Always the same text for the same order: it is compared when an Idempotency-Key comes again.
    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    init(json: String) throws { self = try JSONDecoder().decode(VideoOrder.self, from: Data(json.utf8)) }
}
