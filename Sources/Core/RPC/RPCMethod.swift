/// A method of the daemon as its callers see it: the parameters are the type itself, its result stands beside them.
/// Conformed to by the types that are named after the methods (`CreateProject`, `GetStatus`, …); nobody outside of this
/// package can add one.
public protocol RPCMethod: Sendable {
    associatedtype Response: Sendable
    /// What a client needs to call it.
    static var remote: RemoteMethod<Self> { get }
}

/// The caller's side of a method: how its request is written and its result read.
public struct RemoteMethod<M: RPCMethod>: Sendable {
    package let name: String
    /// Refuses what the daemon would refuse without looking at its ledger, and gives a write that can have one an
    /// idempotency key when it has none.
    package let prepare: @Sendable (inout M, _ makeKey: () -> String) throws(RPCError) -> Void
    package let isRepeatable: @Sendable (M) -> Bool
    package let key: @Sendable (M) -> String?
    package let writeParams: @Sendable (M, inout JSONWriter) -> Void
    package let readResult: @Sendable (JSONValue) throws(FieldError) -> M.Response
}

extension Method {
    public static var remote: RemoteMethod<Self> {
        RemoteMethod(
            name: name,
            prepare: { method, makeKey throws(RPCError) in
                method.addKey(makeKey)
                try method.validate()
            },
            isRepeatable: { $0.isRepeatable },
            key: { $0.key },
            writeParams: { $0.write(to: &$1) },
            readResult: { json throws(FieldError) in try Response(json: json) })
    }
}
