"""The first schema: patients, studies, series, instances, and what series are made of."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision: str | None = None

_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_PATIENTS = """
    patient_name patient_name_alphabetic patient_name_ideographic patient_name_phonetic
    patient_id issuer_of_patient_id patient_birth_date patient_birth_time patient_sex
    other_patient_ids other_patient_names ethnic_group patient_comments
"""
_STUDIES = """
    study_date study_time accession_number study_id study_description referring_physician_name
    referring_physician_name_alphabetic referring_physician_name_ideographic
    referring_physician_name_phonetic name_of_physicians_reading_study
    admitting_diagnoses_description patient_age patient_size patient_weight occupation
    additional_patient_history admission_id
"""
_SERIES = """
    modality series_number series_description series_date series_time body_part_examined
    laterality patient_position protocol_name performing_physician_name operators_name
    institution_name institutional_department_name station_name manufacturer
    manufacturer_model_name device_serial_number frame_of_reference_uid
    performed_station_ae_title performed_procedure_step_id performed_procedure_step_start_date
    performed_procedure_step_start_time performed_procedure_step_description
"""
_INSTANCES = """
    sop_class_uid instance_number instance_creation_date instance_creation_time content_date
    content_time acquisition_date acquisition_time acquisition_date_time acquisition_number
    image_type image_comments number_of_frames rows columns samples_per_pixel
    photometric_interpretation bits_allocated bits_stored slice_location burned_in_annotation
    content_label content_description content_creator_name document_title completion_flag
    verification_flag presentation_creation_date presentation_creation_time container_identifier
    transfer_syntax_uid path sha256 source_ae
"""

_INDEXED = {
    "patients": """
        patient_name_alphabetic patient_name_ideographic patient_name_phonetic patient_id
        patient_birth_date
    """,
    "studies": """
        patients_key study_date accession_number study_id referring_physician_name_alphabetic
        referring_physician_name_ideographic referring_physician_name_phonetic
    """,
    "series": "studies_key",
    "instances": "series_key",
    "contents": "sop_class_uid",
}


def _key() -> sa.Column[Any]:
    return sa.Column("key", _KEY, sa.Identity(), primary_key=True)


def _parent(table: str) -> sa.Column[Any]:
    return sa.Column(f"{table}_key", _KEY, sa.ForeignKey(f"{table}.key"), nullable=False)


def _unique(name: str) -> sa.Column[Any]:
    return sa.Column(name, _TEXT, nullable=False, unique=True)


def _texts(names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, _TEXT, nullable=False) for name in names.split()]


def _counts(*of: str) -> list[sa.Column[Any]]:
    return [
        sa.Column(f"number_of_{each}", sa.BigInteger, nullable=False, server_default="0")
        for each in of
    ]


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "patients",
        _key(),
        _unique("identity"),
        *_texts(_PATIENTS),
        *_counts("studies", "series", "instances"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "studies",
        _key(),
        _parent("patients"),
        _unique("study_instance_uid"),
        *_texts(_STUDIES),
        *_counts("series", "instances"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "series",
        _key(),
        _parent("studies"),
        _unique("series_instance_uid"),
        *_texts(_SERIES),
        *_counts("instances"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "instances",
        _key(),
        _parent("series"),
        _unique("sop_instance_uid"),
        *_texts(_INSTANCES),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("flaw", _TEXT, nullable=False, server_default=""),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "contents",
        sa.Column(
            "series_key", _KEY, sa.ForeignKey("series.key"), primary_key=True, autoincrement=False
        ),
        sa.Column("sop_class_uid", _TEXT, primary_key=True),
        sa.Column("transfer_syntax_uid", _TEXT, primary_key=True),
        sa.Column("number_of_instances", sa.BigInteger, nullable=False),
    )
    for table, columns in _INDEXED.items():
        for column in columns.split():
            op.create_index(f"ix_{table}_{column}", table, [column])
    flawed = sa.text("flaw != ''")
    op.create_index(
        "ix_instances_flaw",
        "instances",
        ["series_key"],
        sqlite_where=flawed,
        postgresql_where=flawed,
    )
