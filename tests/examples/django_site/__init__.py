"""A Django site with a second factor, after the README's recipe.

    pip install django  # and psycopg for PostgreSQL
    export SECRET_KEY=... MASTER_KEY=...  # each: python3 -c "import secrets; print(secrets.token_hex(32))"
    export DJANGO_SETTINGS_MODULE=django_site.settings
    python3 -m django migrate
    python3 -m django createsuperuser
    python3 -m django runserver

| file | what it has |
|---|---|
| `second_factor.py` | the store, the recipe, and a backend that asks for a code beside each password |
| `views.py` | pages: log in, add a device |
| `models.py`, `migrations/` | whether a user has a second factor; the store's table |
| `settings.py`, `urls.py` | what a site needs to run them |

The store is beside Django's database and has connections of its own. With `ATOMIC_REQUESTS` Django rolls back
whatever a request has written if its view raises an exception. A store on Django's own connection would
forget the failed attempts of such requests, so an attacker could guess without limit. The store here commits
each verdict before the view continues.
"""
