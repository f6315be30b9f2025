"""A run's reports made on the machines of a dask cluster, over a folder that all of them share.

Nothing of a report goes over the network. The run writes what is to be done to its working folder, tells a worker where
that is and a number, and finds there what came of it. The run alone publishes, and keeps the journal.

    dispatch    the run's end: `Cluster`
    station     a worker's end: its own process that forks, and what it leaves on disk
    likeness    what must be the same on every machine, so that every one makes the same bytes
    notes       what lies in the shared folder
"""
