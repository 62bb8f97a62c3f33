/// A method of the daemon for callers. The type has the parameters as its fields. Only the types that are named after
/// the methods (`CreateProject`, `GetStatus`, …) conform; other packages cannot add methods.
public protocol RPCMethod: Sendable {
    associatedtype Response: Sendable
    /// What a client needs to call it.
    static var remote: RemoteMethod<Self> { get }
}

/// The client's side of a method: how its request is written and its result is read.
public struct RemoteMethod<M: RPCMethod>: Sendable {
    package let name: String
    /// Throws for parameters that the daemon would refuse without its ledger, and sets an idempotency key if the method
    /// takes one and has none.
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
