"""Who: the organisation, who takes part, who decides how much, who comes next.

organisation.py   people, levels, reporting lines, absences, limits
participation.py  who may act on a complaint and read it, and who may instead
authority.py      who may decide how much, and who must approve what
duties.py         who checks whom where money moves
routing.py        who owns and who handles a complaint: a table of mandates, never the accused
ladder.py         one level up, to whom: level by level, jumps only by a named rule
hand_over.py      a task handed round in circles, counted from the recorded moves
naming.py         what stays readable after an erasure must not tell who the customer was
tasks.py          parts others do of one complaint: who answers for a part, by when
"""
