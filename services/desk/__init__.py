"""What people and programs read: the list, one complaint, its clocks, the stream of facts, the live page.

state.py     a complaint and its clocks as JSON, the same for HTTP and the command line
desk.py      the ledger, the list beside it, complaints by id or number
casework.py  what the file lacks, evidence to collect, playbooks, the report of facts
customers.py the customer's card: all their complaints, open ones first
view.py      the list of complaints, kept in a disposable file by tailing the ledger
filters.py   what one may ask of the list, and refusals that name what is allowed
readers.py   who reads what: the accused nothing of their case, labels few
wake.py      one signal to everybody who waits for news of the ledger
problems.py  refusals as JSON in both languages
streams.py   the ledger as server-sent events
advising.py  advice on a draft; scripts, checklists and knowledge at hand
api.py       the reading half of the HTTP API
commands.py  commands of people, passed on to the service that decides
markup.py    HTML whose text is escaped on the way out
words.py     the words of the pages in both languages
live.py      facts as sentences, as they happen
board.py     the board and the stream of sentences
dossier.py   one complaint as a page
case_file.py one complaint as a complete file
page.py      the pages and their files under static/
"""
