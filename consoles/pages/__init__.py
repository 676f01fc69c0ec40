"""Pages for people: start page, live console, case replay, hall screen, efficiency."""
