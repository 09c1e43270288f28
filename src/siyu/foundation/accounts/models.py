"""Tables of accounts and API keys."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models

from siyu.foundation.accounts.contracts import Role

ROLE_CHOICES = [(role.value, role.value) for role in Role]


class UserManager(BaseUserManager["User"]):
    """Creates accounts with a hashed password."""

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> User:
        """An account; without a password nobody can sign in to it by password."""
        user = self.model(username=username, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person's account: one role, and scopes that only records understand."""

    id = models.BigAutoField(primary_key=True)
    username = models.CharField(max_length=150, unique=True)
    display_name = models.CharField(max_length=100)
    role = models.CharField(max_length=20, choices=ROLE_CHOICES)
    scopes = ArrayField(models.CharField(max_length=80), default=list)
    language = models.CharField(max_length=10, default="zh-hans")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = ["display_name", "role"]


class ApiKey(models.Model):
    """A key of the public API; only its hash is kept."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12)
    digest = models.BinaryField(max_length=32, unique=True)
    role = models.CharField(max_length=20, choices=ROLE_CHOICES)
    scopes = ArrayField(models.CharField(max_length=80), default=list)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)


class WrongTry(models.Model):
    """A wrong password, for a quarter of an hour: keyed hashes of the name typed and of where it came from."""

    id = models.BigAutoField(primary_key=True)
    name = models.BinaryField(max_length=16)
    place = models.BinaryField(max_length=16)
    at = models.DateTimeField(db_index=True)
