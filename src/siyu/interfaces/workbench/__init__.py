"""The clerk's workplace on the phone: today's tasks, my customers, my figures."""
