package import LifecycleCore

/// Turns a line into calls. It checks JSON, the JSON-RPC members, the method, the role and the parameters, in this
/// order. It does not run the calls.
package struct Dispatcher: Sendable {
    private let table: MethodTable
    private let limits: Limits

    package init(table: MethodTable = .standard, limits: Limits) {
        self.table = table
        self.limits = limits
    }

    /// The content of a line.
    package enum Work: Sendable {
        case single(Call)
        /// Answered by one array, unless all requests are notifications.
        case batch([Unread])
    }

    /// One request of a batch, as text. It is parsed when it can start, so that a large batch is not parsed in one step
    /// and needs little memory while it waits.
    package struct Unread: Sendable {
        package let text: ArraySlice<UInt8>
        fileprivate let received: ContinuousClock.Instant

        package init(_ text: ArraySlice<UInt8>, received: ContinuousClock.Instant = .now) {
            self.text = text
            self.received = received
        }
    }

    /// One request with its bound call, or with the error that refuses it. A class, because a call is handed on many
    /// times until its answer is written, and copies of its members would cost more than the object.
    package final class Call: Sendable {
        package let id: RequestID
        /// For the log and the metrics. `nil` if the request names no known method.
        package let method: String?
        package let step: Step
        /// The call is carried out also if nobody gets the answer.
        package let hasEffect: Bool
        private let received: ContinuousClock.Instant

        /// The time since the line was read.
        package var age: Duration { ContinuousClock.now - received }

        package enum Step: Sendable {
            case run(BoundCall)
            case refuse(RPCError)
        }

        package init(
            id: RequestID, method: String?, step: Step, hasEffect: Bool = false,
            received: ContinuousClock.Instant = .now
        ) {
            self.id = id
            self.method = method
            self.step = step
            self.hasEffect = hasEffect
            self.received = received
        }

        package static func refusal(_ error: RPCError, id: RequestID = .null) -> Call {
            Call(id: id, method: nil, step: .refuse(error))
        }
    }

    package func work(for line: [UInt8], from caller: Caller) -> Work {
        let document: JSONDocument
        do throws(JSONSyntaxError) {
            document = try JSONDocument(parsing: line, maximumDepth: limits.maximumDepth)
        } catch {
            return .single(.refusal(.parseError(error)))
        }
        let root = document.root
        guard root.kind == .array else { return .single(call(root, from: caller)) }
        if root.count == 0 { return .single(.refusal(.invalidRequest("A batch must not be empty."))) }
        if root.count > limits.maximumBatch { return .single(.refusal(.batchTooLarge(limit: limits.maximumBatch))) }
        let now = ContinuousClock.now
        return .batch(root.elements.map { Unread($0.raw, received: now) })
    }

    /// Parses a request of a batch.
    package func call(_ unread: Unread, from caller: Caller) -> Call {
        do throws(JSONSyntaxError) {
            let document = try JSONDocument(parsing: Array(unread.text), maximumDepth: limits.maximumDepth)
            return call(document.root, from: caller, received: unread.received)
        } catch {
            return .refusal(.parseError(error))  // Cannot happen: the whole batch was parsed before.
        }
    }

    private func call(
        _ json: JSONValue, from caller: Caller, received: ContinuousClock.Instant = .now
    ) -> Call {
        let request: Request
        do throws(InvalidRequest) {
            request = try Request(json)
        } catch {
            return .refusal(error.error, id: error.id)
        }
        var method: String?
        do throws(RPCError) {
            let entry = try table.entry(named: request.method)
            method = entry.name
            return Call(
                id: request.id, method: method, step: .run(try entry.bind(request.params, for: caller)),
                hasEffect: entry.hasEffect, received: received)
        } catch {
            return Call(id: request.id, method: method, step: .refuse(error), received: received)
        }
    }
}
