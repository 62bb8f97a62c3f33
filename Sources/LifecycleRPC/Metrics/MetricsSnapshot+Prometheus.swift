extension MetricsSnapshot {
    /// The snapshot in Prometheus' text exposition format, version 0.0.4.
    package func prometheusText() -> String {
        var writer = PrometheusWriter()
        for counter in counters {
            writer.type("counter", of: counter.name)
            writer.sample(counter.name, counter.labels, String(counter.value))
        }
        for gauge in gauges {
            writer.type("gauge", of: gauge.name)
            writer.sample(gauge.name, gauge.labels, PrometheusWriter.number(gauge.value))
        }
        for histogram in histograms {
            writer.type("histogram", of: histogram.name)
            for bucket in histogram.buckets {
                let bound = Label(name: "le", value: PrometheusWriter.number(bucket.upperBound))
                writer.sample(histogram.name + "_bucket", histogram.labels + [bound], String(bucket.count))
            }
            let unbounded = Label(name: "le", value: "+Inf")
            writer.sample(histogram.name + "_bucket", histogram.labels + [unbounded], String(histogram.count))
            writer.sample(histogram.name + "_sum", histogram.labels, PrometheusWriter.number(histogram.sum))
            writer.sample(histogram.name + "_count", histogram.labels, String(histogram.count))
        }
        return writer.text
    }
}

private struct PrometheusWriter {
    private(set) var text = ""
    private var family: String?

    /// Writes the header once for all metrics with the same name, which follow each other.
    mutating func type(_ type: String, of name: String) {
        guard name != family else { return }
        family = name
        text += "# HELP \(name) \(MetricHelp.text(of: name))\n# TYPE \(name) \(type)\n"
    }

    mutating func sample(_ name: String, _ labels: [MetricsSnapshot.Label], _ value: String) {
        text += name
        if !labels.isEmpty {
            text += "{" + labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",") + "}"
        }
        text += " \(value)\n"
    }

    /// In the form that Go, and so Prometheus, reads.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return value.description
    }

    private static func escaped(_ value: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": result.append(contentsOf: "\\\\".unicodeScalars)
            case "\"": result.append(contentsOf: "\\\"".unicodeScalars)
            case "\n": result.append(contentsOf: "\\n".unicodeScalars)
            default: result.append(scalar)
            }
        }
        return String(result)
    }
}
