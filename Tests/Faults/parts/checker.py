"""Holds a database to what was acknowledged. A clerk's calls are carried out in order and each of them whole, so what
is there must be the books after all that were answered and perhaps some of those that were sent after them: no hole, no
half."""

import sqlite3

from .ledger import Ledger


def check(case, path, clerks, about=""):
    """Of a file that nobody has open. Finds `corrupt` and `lost`."""
    try:
        with Ledger(path) as ledger:
            if damage := ledger.damage():
                return case.find("corrupt", f"{about}: {damage[:3]}")
            if ledger.is_empty():
                answered = sum(clerk.answered for clerk in clerks)
                return case.expect(answered == 0, "lost", f"{about}: the tables are gone, {answered} calls were answered")
            for rule in ledger.broken_rules():
                case.find("corrupt", f"{about}: {rule}")
            accounts, projects, entries = ledger.accounts(), ledger.projects(), ledger.entries()
    except sqlite3.DatabaseError as error:
        return case.find("corrupt", f"{about}: {error}")
    for clerk in clerks:
        mine = f"{clerk.name}-"
        found = (
            {user: accounts[user] for user in clerk.users if user in accounts},
            {key: project for key, project in projects.items() if key.startswith(mine)},
            {key: entry for key, entry in entries.items() if key.startswith(mine)},
        )
        if error := difference(clerk.books, clerk.unsettled + clerk.outstanding, found):
            case.find("lost", f"{about}: {clerk.name}: {error}")


def difference(books, unanswered, found):
    """Why this cannot be; None when it can."""
    books = books.copy()
    first = unlike(books, found)
    error = first
    for call in unanswered:
        if not error:
            return None
        books.apply(call)
        error = unlike(books, found)
    return first if error else None


def unlike(books, found):
    accounts, projects, entries = found
    due = {user: (books.available[user], books.granted[user]) for user in books.granted}
    for name, left, right in [("balances", due, accounts), ("grants", books.entries, entries)]:
        if left != right:
            return f"{name} {parts(left, right)} were acknowledged, there is {parts(right, left)}"
    if books.projects.keys() != projects.keys():
        return (f"projects acknowledged and not there: {sorted(books.projects.keys() - projects.keys())[:5]}, there and not"
                f" acknowledged: {sorted(projects.keys() - books.projects.keys())[:5]}")
    for key, project in books.projects.items():
        user, credits, status, cancel, id = projects[key]
        if (project.user, project.credits, project.status, project.cancel) != (user, credits, status, cancel) or (
                project.id not in (None, id)):
            return f"{project} was acknowledged, there is {projects[key]}"
    return None


def parts(these, others):
    return {key: value for key, value in these.items() if others.get(key) != value}
