extension JSONScanner {
    /// In an object with at most this number of members, all names are compared with each other, which needs no memory.
    private static let pairwiseLimit = 16

    /// Throws if a name occurs twice in the object. All tokens of the object must be on the tape.
    func checkNames(ofObject object: Int, _ text: Span<UInt8>) throws(JSONSyntaxError) {
        var count = 0
        var name = object &+ 1
        while name < tape.count {
            guard count < Self.pairwiseLimit else { return try checkManyNames(ofObject: object, text) }
            var earlier = object &+ 1
            while earlier < name {
                if JSONStringDecoder.areEqual(tape[earlier], tape[name], text) { throw duplicate(name) }
                earlier = tape[earlier &+ 1].next
            }
            name = tape[name &+ 1].next
            count &+= 1
        }
    }

    /// As `checkNames`, with a hash table. Its seed differs in every process, so that nobody can choose names that
    /// collide.
    private func checkManyNames(ofObject object: Int, _ text: Span<UInt8>) throws(JSONSyntaxError) {
        var count = 0
        var name = object &+ 1
        while name < tape.count {
            name = tape[name &+ 1].next
            count &+= 1
        }
        // A power of two, at least twice the number of names. 0 marks an empty slot: token 0 is the root, never a name.
        let mask = (1 << (Int.bitWidth &- (count &* 2).leadingZeroBitCount)) &- 1
        var slots = [UInt32](repeating: 0, count: mask &+ 1)
        name = object &+ 1
        while name < tape.count {
            var slot = JSONStringDecoder.hash(tape[name], text) & mask
            while slots[slot] != 0 {
                if JSONStringDecoder.areEqual(tape[Int(slots[slot])], tape[name], text) { throw duplicate(name) }
                slot = (slot &+ 1) & mask
            }
            slots[slot] = UInt32(truncatingIfNeeded: name)
            name = tape[name &+ 1].next
        }
    }

    private func duplicate(_ name: Int) -> JSONSyntaxError {
        failure("duplicate member name", at: tape[name].start)
    }
}
