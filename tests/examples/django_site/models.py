"""The site's own record of the second factor."""

from django.conf import settings
from django.db import models


class SecondFactor(models.Model):
    """A row for each user who has ever confirmed a device.

    If the store is lost, these users are refused instead of being let in with the password alone.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="second_factor")
