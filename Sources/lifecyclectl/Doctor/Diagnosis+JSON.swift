internal import LifecycleCore

extension Diagnosis {
    /// The diagnosis for programs, as one JSON text.
    var json: [UInt8] {
        var json = JSONWriter(capacity: 4096)
        json.beginObject()
        json.key("ok")
        json.bool(attention.isEmpty)
        json.key("attention")
        attention.write(to: &json)
        writeSurroundings(to: &json)
        if let stats {
            json.key("stats")
            stats.write(to: &json)
        }
        write("pending", pending, to: &json)
        write("silent", silent, to: &json)
        write("cancelRequested", uncancelled.map(\.project), to: &json)
        write("due", due, to: &json)
        json.key("creditsDue")
        json.integer(creditsDue)
        json.key("isPartial")
        json.bool(isPartial)
        if let audit {
            json.key("audit")
            audit.write(to: &json)
        }
        json.endObject()
        return json.bytes
    }

    private func writeSurroundings(to json: inout JSONWriter) {
        json.key("daemon")
        json.beginObject()
        json.key("version")
        json.string(version)
        if let clock {
            json.key("time")
            clock.daemonTime.write(to: &json)
            json.key("clockDifferenceMilliseconds")
            json.integer(clock.differenceMilliseconds)
        }
        for figure in figures {
            json.key(escaping: figure.name)
            json.number(figure.value)
        }
        json.endObject()
        json.key("socket")
        json.beginObject()
        let texts = [
            ("path", socket.path), ("owner", socket.owner), ("group", socket.group), ("mode", socket.mode),
        ]
        for case (let name, let text?) in texts {
            json.key(escaping: name)
            json.string(text)
        }
        json.endObject()
        json.key("you")
        json.beginObject()
        json.key("uid")
        json.integer(Int64(account.uid))
        json.key("roles")
        account.roles.map(\.rawValue).write(to: &json)
        json.endObject()
    }

    private func write(_ name: String, _ projects: [Project], to json: inout JSONWriter) {
        json.key(escaping: name)
        projects.write(to: &json)
    }
}
