"""Load, and what must hold of it whatever happens to the daemon meanwhile."""

import json
import threading

from support import call, callers, connect, request, until


class Knocker:
    """Connects again and again. Connecting must never fail; what was acknowledged must be there in the end."""

    def __init__(self):
        self.refused, self.acknowledged, self.isOver = [], [], False
        # Cut off unanswered: in all, and of those that had sent all before anything happened to the daemon.
        self.unanswered, self.broken, self.isDisturbed = 0, 0, False
        self.thread = threading.Thread(target=self.knock)
        self.thread.start()

    def knock(self):
        number = 0
        while not self.isOver:
            number += 1
            key = f"knock-{id(self)}-{number}"
            params = {"userId": "knocker", "credits": 1, "reason": "test", "idempotencyKey": key}
            try:
                connection = connect()
            except OSError as error:
                self.refused.append(str(error))
                continue
            with connection:
                wasSent = False
                try:
                    connection.sendall(request("grantCredits", params).encode())
                    wasSent = not self.isDisturbed
                    line = connection.makefile("rb").readline()
                except OSError:
                    line = b""
                if line and "result" in (reply := json.loads(line)):
                    self.acknowledged.append(reply["result"]["entry"]["entryId"])
                else:
                    self.unanswered += 1
                    self.broken += wasSent

    def end(self):
        self.isOver = True
        self.thread.join()
        return self


def granted(user):
    """The ids of all grants of a user, page by page."""
    ids, cursor = set(), None
    while True:
        page = call("listEntries", userId=user, limit=100, **({"cursor": cursor} if cursor else {}))
        ids |= {entry["entryId"] for entry in page["entries"]}
        cursor = page.get("nextCursor")
        if not cursor:
            return ids


def under_load(test, disturb, times):
    """Disturbs the daemon while the Swift client and plain connections work, and holds it to what they were told."""
    with callers() as done:
        knocker = Knocker()
        try:
            for _ in range(times):
                # Every round has its calls before it.
                count = len(knocker.acknowledged)
                until(lambda: len(knocker.acknowledged) > count + 20 or knocker.refused)
                knocker.isDisturbed = True
                disturb()
                knocker.isDisturbed = False
        finally:
            knocker.end()
    print(f"{test.id().split('.')[-1]}: {done.calls} calls of the client, {done.failures} failed; "
          f"{len(knocker.acknowledged)} connections answered, {knocker.unanswered} cut off, "
          f"{len(knocker.refused)} refused", flush=True)
    test.assertGreater(done.calls, 0)
    test.assertEqual(done.failures, 0, done.output)
    test.assertEqual(knocker.refused, [])
    test.assertEqual(set(knocker.acknowledged) - granted("knocker"), set())
    test.assertEqual(call("audit")["findings"], [])
    # What the callers created they also failed, so all their credits are back.
    test.assertEqual(call("getBalance", userId="callers")["held"], 0)
    return knocker
