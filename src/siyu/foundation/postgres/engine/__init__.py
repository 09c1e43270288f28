"""Django's PostgreSQL engine with one thing mended: times are read by psycopg's own loader."""
