"""Who acts. Each service loads, decides, appends, schedules its next look; none imports another.

intake/     channels -> Received
workflow/   classify, assign, escalate, record breaches; commands of people
notifier/   acknowledge to the customer, alert staff; Replied, RetryAttempted
desk/       the reading API and the live view

Only cli/, wiring/ and bench/ know more than one service.
"""
