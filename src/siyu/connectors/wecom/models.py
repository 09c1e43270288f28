"""Tables of the WeCom connector: connections, tokens, relations as WeCom tells them, codes, sends.

Identifiers of the vendor (userid, external_userid) live here in clear because calls need them; they
are pseudonyms that mean nothing outside the company. Secrets are sealed.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from siyu.connectors.wecom.contracts import ConnectionStatus
from siyu.foundation import api as foundation


class Connection(models.Model):
    """One WeCom company."""

    key = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120, blank=True)
    corpid = models.CharField(max_length=64, unique=True)
    base_url = models.URLField(max_length=200)
    status = models.CharField(max_length=10, default=ConnectionStatus.NEW.value)
    last_error = models.TextField(blank=True)
    last_error_at = models.DateTimeField(null=True)
    last_ok_at = models.DateTimeField(null=True)
    last_callback_at = models.DateTimeField(null=True)
    connected_at = models.DateTimeField()
    directory_synced_at = models.DateTimeField(null=True)
    reconciled_at = models.DateTimeField(null=True)
    store_codes = models.JSONField(default=dict)  # department id (text) -> store code of the brand


class App(models.Model):
    """One application of the company, with its sealed secret and callback keys."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="apps")
    key = models.SlugField(max_length=40)
    name = models.CharField(max_length=120, blank=True)
    agentid = models.BigIntegerField()
    purposes = models.JSONField(default=list)
    secret = models.BinaryField()
    token = models.BinaryField()
    aes_key = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "key"], name="wecom_app_key")]


class AccessToken(models.Model):
    """The token WeCom gave to an application. Times are wall time."""

    app = models.OneToOneField(App, models.CASCADE, related_name="access_token")
    token = models.BinaryField()
    fetched_at = models.DateTimeField()
    expires_at = models.DateTimeField()


class Relation(models.Model):
    """What WeCom last said of one member and one customer.

    `changed_at` is the business time of the newest event or pull that decided `open`; older news
    cannot undo newer ones, so late and reordered callbacks end in the same row.
    """

    connection_id = models.BigIntegerField()
    userid = models.CharField(max_length=64)
    external_userid = models.CharField(max_length=64)
    subject_id = models.BigIntegerField(db_index=True)
    employee_id = models.BigIntegerField(null=True)
    open = models.BooleanField()
    half = models.BooleanField(default=False)  # the member has not accepted yet
    state = models.CharField(max_length=64, blank=True)
    add_way = models.IntegerField(default=0)
    since = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()
    ended_by = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection_id", "userid", "external_userid"], name="wecom_relation"
            )
        ]
        indexes = [
            models.Index(fields=["external_userid"], name="wecom_relation_external"),
            models.Index(
                fields=["employee_id", "subject_id"], name="wecom_relation_open", condition=Q(open=True)
            ),
        ]


class WelcomeCode(models.Model):
    """The right to send one welcome message, sealed, for 20 seconds."""

    ref = models.CharField(max_length=64, unique=True)
    connection_id = models.BigIntegerField()
    code = models.BinaryField()
    expires_at = models.DateTimeField()  # business time, as WeCom's clock counts it

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="wecom_welcome_expiry")]


class DetailWanted(foundation.DueRow):
    """A customer whose details should be fetched; the row goes once they are here."""

    connection_id = models.BigIntegerField()
    external_userid = models.CharField(max_length=64)
    last_error = models.TextField(blank=True)

    class Meta(foundation.DueRow.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["connection_id", "external_userid"], name="wecom_detail")
        ]
        indexes = [foundation.due_index("wecom_detail_due")]


class MassSend(models.Model):
    """One add_msg_template call, written before it is made, so that an unclear one can be found."""

    marker = models.CharField(max_length=64, unique=True)  # attempt token of messaging
    connection_id = models.BigIntegerField()
    userid = models.CharField(max_length=64)
    text = models.TextField()  # to recognise the task at WeCom
    recipients = models.IntegerField()  # how many were asked for, later how many WeCom took
    msgid = models.CharField(max_length=128, blank=True)
    asked_at = models.DateTimeField()  # business time
    asked_wall = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["msgid"], name="wecom_mass_msgid", condition=~Q(msgid=""))]
        constraints = [
            models.UniqueConstraint(
                fields=["connection_id", "msgid"], name="wecom_mass_once", condition=~Q(msgid="")
            )
        ]


class MassRecipient(models.Model):
    """For whom a delivery was handed over in one call; later merges and their undoing do not change that."""

    send = models.ForeignKey(MassSend, on_delete=models.CASCADE, related_name="+", db_index=False)
    relation = models.ForeignKey(Relation, on_delete=models.PROTECT, related_name="+", db_index=False)
    delivery_id = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["delivery_id", "send"], name="wecom_mass_recipient")]


class TagMirror(models.Model):
    """A corp tag of WeCom that stands for a tag of ours."""

    connection_id = models.BigIntegerField()
    name = models.CharField(max_length=30)
    tag_id = models.CharField(max_length=64)
    group_id = models.CharField(max_length=64, blank=True)
    ours = models.BooleanField(default=False)  # in our own group, so we may also take it off

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection_id", "name"], name="wecom_tag_name")]
