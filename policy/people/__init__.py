"""Who: the organisation, who takes part, who decides how much, who comes next.

organisation.py       People, reporting lines, absences, and who may not take part in a complaint
participation.py      Who may act on a complaint, and read it
authority.py          Who may decide how much, and who must approve what: levels, roles, limits, delegation
duties.py             Who checks whom where money moves: whoever verified does not pay, and neither reviews
routing.py            Who owns and who handles a complaint: a table of mandates, never the accused
ladder.py             One level up, to whom: level by level, jumps only by a named rule, never to the accused
hand_over.py          A task handed round in circles: counted from the recorded moves, raised once per circle
tasks.py              Parts others do of one complaint: who answers for a part, by when
"""
