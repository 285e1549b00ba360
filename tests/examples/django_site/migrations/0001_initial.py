"""Make the tables: that of the site, and on PostgreSQL that of the store."""

from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from onetime import SQLStore


def make_store(_apps: Any, schema_editor: Any) -> None:
    """Make the store's table. On SQLite the store makes its file itself."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(SQLStore.schema("postgres", "onetime"))


class Migration(migrations.Migration):
    """The first migration of the site."""

    initial = True
    dependencies = (migrations.swappable_dependency(settings.AUTH_USER_MODEL),)
    operations = (
        migrations.CreateModel(
            name="SecondFactor",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="second_factor",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.RunPython(make_store, migrations.RunPython.noop),
    )
