"""The front door of customers."""

from siyu.records.customers.contracts import (
    AssignmentView,
    AssignSpec,
    CaseState,
    ConsentSpec,
    ConsentState,
    ConsentView,
    ContactEndSpec,
    ContactSpec,
    ContactView,
    CustomerView,
    EndedBy,
    ErasureReceipt,
    Identified,
    IdentityKind,
    IdentityRef,
    IdentityView,
    LinkResult,
    MergeCaseView,
    MergeView,
    ProfileSpec,
    ProfileView,
    Reach,
    Steward,
    TagView,
)
from siyu.records.customers.operations.assignments import assign, assign_many
from siyu.records.customers.operations.consents import set_consent, set_consents
from siyu.records.customers.operations.contacts import add_contact, end_contact
from siyu.records.customers.operations.identify import identify
from siyu.records.customers.operations.link import link
from siyu.records.customers.operations.merge import merge, resolve_case, undo_merge
from siyu.records.customers.operations.personal_data import erase_customer, export_customer
from siyu.records.customers.operations.profiles import update_profile, update_profiles
from siyu.records.customers.operations.tags import tag, tag_many, untag
from siyu.records.customers.queries.customers import find_customer, get_customer, profiles
from siyu.records.customers.queries.listing import SUBJECT_MAP, customer_ids
from siyu.records.customers.queries.map import anchors_of, current_ids, customers_of, subjects_of
from siyu.records.customers.queries.merges import merge_cases
from siyu.records.customers.queries.relations import (
    contacts_of,
    list_tags,
    reach,
    stewards_of,
    tags_of,
)
from siyu.records.customers.queries.scope import in_scope, scope_sql
from siyu.records.customers.registry import (
    PERSONAL,
    DataPolicy,
    MergeRule,
    Person,
    blank_columns,
    delete_rows,
    export_rows,
    keep_rows,
    not_exported,
)
from siyu.records.customers.rules import check_ref, mask_phone

__all__ = [
    "PERSONAL",
    "SUBJECT_MAP",
    "AssignSpec",
    "AssignmentView",
    "CaseState",
    "ConsentSpec",
    "ConsentState",
    "ConsentView",
    "ContactEndSpec",
    "ContactSpec",
    "ContactView",
    "CustomerView",
    "DataPolicy",
    "EndedBy",
    "ErasureReceipt",
    "Identified",
    "IdentityKind",
    "IdentityRef",
    "IdentityView",
    "LinkResult",
    "MergeCaseView",
    "MergeRule",
    "MergeView",
    "Person",
    "ProfileSpec",
    "ProfileView",
    "Reach",
    "Steward",
    "TagView",
    "add_contact",
    "anchors_of",
    "assign",
    "assign_many",
    "blank_columns",
    "check_ref",
    "contacts_of",
    "customer_ids",
    "current_ids",
    "customers_of",
    "delete_rows",
    "end_contact",
    "erase_customer",
    "export_customer",
    "export_rows",
    "find_customer",
    "get_customer",
    "identify",
    "in_scope",
    "keep_rows",
    "link",
    "list_tags",
    "mask_phone",
    "merge",
    "merge_cases",
    "not_exported",
    "profiles",
    "reach",
    "resolve_case",
    "scope_sql",
    "set_consent",
    "set_consents",
    "stewards_of",
    "subjects_of",
    "tag",
    "tag_many",
    "tags_of",
    "undo_merge",
    "untag",
    "update_profile",
    "update_profiles",
]
