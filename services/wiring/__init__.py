"""Puts services together: the only place besides the command line that knows more than one.

rehearsal.py  a timed script through the real decisions in virtual time
store.py      the ledger a setting or a data directory names
roles.py      what `amends serve ROLE` runs
http.py       the HTTP server
health.py     /livez and /readyz
commands.py   every command of people
setup.py      what must be there before services run
doctor.py     what `amends doctor` looks at
asyncapi.py   the services' brokers for the AsyncAPI page
"""
