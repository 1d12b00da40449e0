"""Where it runs: the broker and the database, with the settings that keep evidence safe.

permissions.py      role -> what it may publish and subscribe to on NATS, as data
nats_server.py      a real NATS from the wheel, for this machine
nats_cluster.py     three of them, replicating, for trials
machine.py          everything on one machine: `amends up`
postgres_server.py  a real PostgreSQL from the wheel, for tests and trials
"""
