"""Many clients at one ledger, and whether what they were answered has an order.

chooser   what they ask          crowd     how they ask it, and what is done to them and to the daemon meanwhile
timeline  the sequential model   demands   what an answer says about the state     order  the search for the order
forgeries histories that are wrong, which must be found"""
