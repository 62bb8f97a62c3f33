internal import LifecycleCore
internal import Testing

@Suite("The OpenRPC document")
struct OpenRPCTests {
    private func document(_ limits: Limits = Limits()) throws -> JSONValue {
        try parseJSON(try Discover().run(in: .empty, .test(limits)).document)
    }

    @Test("is strict JSON and says what it is")
    func head() throws {
        let document = try document()
        #expect(document["openrpc"]?.string == "1.3.2")
        #expect(document["info"]?["title"]?.string == "lifecycle-rpc")
        #expect(document["info"]?["version"]?.string == version)
    }

    @Test("lists every method with its parameters, in the order of the table")
    func methods() throws {
        let methods = try #require(try document()["methods"])
        #expect(methods.elements.map { $0["name"]?.string } == MethodTable.standard.entries.map(\.name))
        for (method, entry) in zip(methods.elements, MethodTable.standard.entries) {
            let params = try #require(method["params"])
            #expect(params.elements.map { $0["name"]?.string } == entry.parameters.map(\.name))
            #expect(params.elements.map { $0["required"]?.bool } == entry.parameters.map(\.isRequired))
            #expect(
                params.elements.allSatisfy {
                    $0["schema"]?.kind == .object && $0["description"]?.string?.isEmpty == false
                })
            #expect(method["summary"]?.string == entry.summary)
            let result = method["result"]?["schema"]
            #expect(result?["$ref"] != nil || result?["type"]?.string == "object")
            #expect(result?["$ref"] == nil || method["result"]?["description"]?.string?.isEmpty == false)
            #expect(method["x-effect"]?.string == (entry.isWrite ? "write" : "read"))
            #expect(method["x-roles"]?.elements.map(\.string) == entry.roles.map(\.rawValue))
        }
    }

    @Test("shows the ranges and the lengths that are enforced")
    func rules() throws {
        let methods = try #require(try document()["methods"])
        func schema(_ method: String, _ param: String) -> JSONValue? {
            methods.elements.first { $0["name"]?.string == method }?["params"]?.elements
                .first { $0["name"]?.string == param }?["schema"]
        }
        #expect(schema("listProjects", "limit")?["minimum"]?.integer == 1)
        #expect(schema("listProjects", "limit")?["maximum"]?.integer == 500)
        #expect(schema("createProject", "userId")?["maxLength"]?.integer == 128)
        #expect(schema("createProject", "userId")?["minLength"]?.integer == 1)
        #expect(schema("createProject", "name")?["minLength"] == nil)
        #expect(schema("getStatus", "projectId")?["format"]?.string == "uuid")
        // Never pending, which is no target.
        let words = ["processing", "completed", "failed"]
        #expect(schema("updateStatus", "status")?["enum"]?.elements.map(\.string) == words)
        #expect(schema("adjustCredits", "credits")?["minimum"]?.integer == -Limits.largestInteger)
        #expect(schema("heartbeat", "progress")?["maximum"]?.integer == 1)
        #expect(schema("createProject", "userId")?["pattern"]?.string?.isEmpty == false)
    }

    @Test("required parameters stand before optional ones, as OpenRPC wants it")
    func requiredFirst() throws {
        for method in try #require(try document()["methods"]).elements {
            let required = method["params"]?.elements.compactMap { $0["required"]?.bool } ?? []
            #expect(required == required.sorted { $0 && !$1 }, "\(method["name"]?.string ?? "")")
        }
    }

    /// Every value of the document.
    private func all(_ value: JSONValue) -> [JSONValue] {
        [value] + value.elements.flatMap(all) + value.members.flatMap { all($0.value) }
    }

    @Test("every reference leads to something, and what is named stands once")
    func references() throws {
        let document = try document()
        let references = all(document).compactMap { $0.kind == .object ? $0["$ref"]?.string : nil }
        for reference in Set(references) {
            let path = reference.split(separator: "/")
            try #require(path.count == 4 && path[0] == "#" && path[1] == "components", "\(reference)")
            let members = document["components"]?.members.first { $0.name.isString(String(path[2])) }?.value.members
            #expect(members?.contains { $0.name.isString(String(path[3])) } == true, "\(reference)")
        }
        #expect(references.count { $0 == "#/components/schemas/Project" } >= 6)
        for schema in try #require(document["components"]?["schemas"]).members {
            #expect(schema.value["title"]?.string == schema.name.string)
        }
        let whole = all(document).filter { $0.kind == .object && $0["properties"]?["cancelRequested"] != nil }
        #expect(whole.compactMap { $0["title"]?.string }.sorted() == ["HeartbeatResult", "Project"])
    }

    @Test("names the errors of each method, and each of those once")
    func methodErrors() throws {
        let methods = try #require(try document()["methods"])
        for (method, entry) in zip(methods.elements, MethodTable.standard.entries) {
            let names = try #require(method["errors"]).elements.compactMap {
                $0["$ref"]?.string?.split(separator: "/").last.map(String.init)
            }
            #expect(Set(names).count == names.count)
            #expect(names.starts(with: entry.errors.map(\.name)))
            #expect(names.contains("busy") && names.contains("storageFull") == entry.isWrite)
        }
        #expect(Set(ErrorKind.all.map(\.name)).isSuperset(of: ErrorKind.common.map(\.name)))
    }

    @Test("says which methods need one of two parameters, and they refuse to do without both")
    func needsOneOf() throws {
        var found: [String] = []
        for (method, entry) in zip(try #require(try document()["methods"]).elements, MethodTable.standard.entries) {
            guard let needed = method["x-needs-one-of"]?.elements.compactMap(\.string) else { continue }
            found.append(entry.name)
            #expect(needed == ["projectId", "externalId"])
            let params = entry.name == "updateStatus" ? #"{"status":"failed"}"# : "{}"
            #expect(throws: RPCError.self) { try entry.bind(parseJSON(params)) }
            for name in needed {
                let text = method["params"]?.elements.first { $0["name"]?.string == name }?["description"]?.string
                #expect(text?.hasSuffix(" Give at least one of projectId and externalId.") == true)
            }
        }
        #expect(found == ["updateStatus", "getStatus", "heartbeat", "explainProject"])
    }

    @Test("lists every error, and every limit with the value in force")
    func errorsAndLimits() throws {
        var limits = Limits()
        limits.maximumProjectCredits = 12_345
        let document = try document(limits)
        #expect(document["x-errors"]?.elements.map { $0["kind"]?.string } == ErrorKind.all.map(\.name))
        #expect(document["x-errors"]?.elements.map { $0["code"]?.integer } == ErrorKind.all.map(\.code))
        #expect(document["x-limits"]?.members.map { $0.name.string } == Limits.table.map(\.name))
        #expect(document["x-limits"]?["maxProjectCredits"]?.integer == 12_345)
        let create = document["methods"]?.elements.first { $0["name"]?.string == "createProject" }
        let credits = create?["params"]?.elements.first { $0["name"]?.string == "credits" }?["schema"]
        #expect(credits?["minimum"]?.integer == 0 && credits?["maximum"]?.integer == 12_345)
    }
}
