"""What should happen: the handling documents as versioned data and pure functions over history.

default-cn.toml          the figures and words, each with the requirement id it comes from
telecom-cn.toml          what a telecom does differently; fca-disp.toml: another regime in the same language
sample-organisation.toml people, levels, departments, limits of the sample company

document.py     the policy file's shape, checked
composition.py  a policy written as what differs from another one
policy.py       one policy version, ready to answer; publishing
registry.py     the policies and the organisation as the ledger holds them
titles.py       a name in both languages
asking.py       a command as a decision sees it, and the gates all commands pass

timing/         when: calendars, lengths of time, clocks
sorting/        what kind of complaint, and which belong together
people/         who takes part, decides, comes next
handling/       what is done, from understanding to review
contacting/     reaching people, and the words of machine messages
wording/        words of people: lint, scripts, checklists
checking/       what is wrong with a policy before it is published
"""
