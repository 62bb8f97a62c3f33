"""Many clients at one ledger, and whether what they were answered has an order.

chooser, crowd, doorman   what they ask, and how
session                   what is done to them and to the daemon meanwhile; the stretches of a history
record, op                what happened
timeline                  the sequential model: every state that there was
demands, …_demands        what an answer says about the state that it was given in
order                     the search for the order
forgeries                 histories that are wrong, which must be found"""
