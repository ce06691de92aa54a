-- Documents: the clause library, templates, packs of a leg, their documents, signers and signing log (§1.5.B).
create schema documents;

-- Clauses: Markdown with {{variables}}. A published clause never changes; an edit is a new version.
create table documents.doc_clause (
    clause_id text primary key check (clause_id ~ '^cls_[0-9a-f]{32}$'),
    name text not null,
    version integer not null check (version > 0),
    city_gate text[],
    role_gate text[],
    is_active boolean not null default true,
    body_markdown text not null check (body_markdown <> ''),
    variables_json jsonb not null check (jsonb_typeof(variables_json) = 'object'),
    created_by text not null,
    created_at timestamptz not null,
    published_at timestamptz,
    unique (name, version)
);

-- Templates. `kind` says which obligation of a leg a template meets; the newest published version that fits is used.
create table documents.doc_template (
    template_id text primary key check (template_id ~ '^tpl_[0-9a-f]{32}$'),
    kind text not null check (kind in ('talent_sow', 'model_release', 'studio_house_rules')),
    name text not null,
    version integer not null check (version > 0),
    city_gate text[],
    role_gate text[],
    layout_json jsonb not null,
    signer_roles jsonb not null check (jsonb_typeof(signer_roles) = 'array' and jsonb_array_length(signer_roles) > 0),
    is_active boolean not null default true,
    created_by text not null,
    created_at timestamptz not null,
    published_at timestamptz,
    unique (name, version)
);

-- Ordered clauses of a template. Of the alternatives of one position the first whose gates pass is used, so that a
-- position such as "Governing Law" is never silently absent.
create table documents.doc_template_clause (
    template_id text not null references documents.doc_template (template_id),
    position integer not null check (position > 0),
    alternative integer not null check (alternative > 0),
    heading text not null,
    clause_id text not null references documents.doc_clause (clause_id),
    primary key (template_id, position, alternative)
);

-- One pack per leg; an ended pack stays as evidence beside the one that follows it.
create table documents.doc_pack (
    pack_id text primary key check (pack_id ~ '^dpk_[0-9a-f]{32}$'),
    lbg_id text not null check (lbg_id ~ '^lbg_[0-9a-f]{32}$'),
    leg_id text not null check (leg_id ~ '^leg_[0-9a-f]{32}$'),
    leg_type text not null check (leg_type in ('talent', 'studio')),
    role text check (role in ('model', 'photographer', 'videographer', 'creator', 'fansub')),
    city text not null,
    status text not null check (status in ('draft', 'issued', 'signed', 'voided', 'superseded')),
    end_reason text,
    generator_ver text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    check ((leg_type = 'talent') = (role is not null)),
    check ((status in ('voided', 'superseded')) = (end_reason is not null))
);
create unique index doc_pack_one_active_per_leg on documents.doc_pack (leg_id)
    where status in ('draft', 'issued', 'signed');
create index doc_pack_by_lbg on documents.doc_pack (lbg_id);

-- Documents of a pack. `envelope_requested_at` is the intent to create the envelope, committed before the provider is
-- asked, because the provider has no idempotency key.
create table documents.doc_instance (
    doc_id text primary key check (doc_id ~ '^doc_[0-9a-f]{32}$'),
    pack_id text not null references documents.doc_pack (pack_id),
    position integer not null check (position > 0),
    template_id text not null references documents.doc_template (template_id),
    template_version integer not null,
    title text not null,
    clause_ids text[] not null check (cardinality(clause_ids) > 0),
    variables_filled jsonb not null,
    render_pdf_key text,
    render_pdf_sha256 text check (render_pdf_sha256 ~ '^[0-9a-f]{64}$'),
    envelope_requested_at timestamptz,
    envelope_id text unique,
    envelope_status text not null default 'none'
        check (envelope_status in ('none', 'sent', 'completed', 'declined', 'voided', 'expired')),
    envelope_cancelled_at timestamptz,
    signed_pdf_key text,
    signed_pdf_sha256 text check (signed_pdf_sha256 ~ '^[0-9a-f]{64}$'),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    unique (pack_id, position),
    check ((render_pdf_key is null) = (render_pdf_sha256 is null)),
    check ((signed_pdf_key is null) = (signed_pdf_sha256 is null)),
    check (envelope_id is null or render_pdf_sha256 is not null),
    check (envelope_status in ('none', 'voided') or envelope_id is not null),
    check ((envelope_status = 'completed') = (signed_pdf_sha256 is not null))
);

-- Who signs a document. Holds names and addresses: read only to print, to send and to show a person their own signature.
create table documents.doc_signer (
    doc_id text not null references documents.doc_instance (doc_id),
    role text not null check (role in ('buyer', 'talent', 'model', 'photographer', 'studio_owner')),
    position integer not null check (position >= 0),
    user_id text not null check (user_id ~ '^usr_[0-9a-f]{32}$'),
    legal_name text not null check (legal_name <> ''),
    email text not null check (email <> ''),
    signature_id text,
    viewed_at timestamptz,
    signed_at timestamptz,
    declined_at timestamptz,
    primary key (doc_id, role),
    unique (doc_id, position)
);
create index doc_signer_by_user on documents.doc_signer (user_id);

-- What happened to an envelope, once per signer and kind, as fetched from the provider.
create table documents.doc_sign_event (
    sign_event_id text primary key check (sign_event_id ~ '^dse_[0-9a-f]{32}$'),
    doc_id text not null references documents.doc_instance (doc_id),
    actor_role text not null check (actor_role in ('buyer', 'talent', 'model', 'photographer', 'studio_owner', 'system')),
    actor_user_id text,
    event text not null
        check (event in ('envelope_sent', 'viewed', 'signed', 'completed', 'declined', 'voided', 'expired')),
    provider_payload jsonb not null,
    created_at timestamptz not null,
    unique (doc_id, actor_role, event)
);

create function documents.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'integrity_constraint_violation';
end $$;
create trigger doc_sign_event_is_append_only before update or delete on documents.doc_sign_event
    for each row execute function documents.refuse_change();

-- Published text is frozen: only `is_active` may still change, which withdraws it from new packs.
create function documents.refuse_change_of_published() returns trigger language plpgsql as $$
begin
    if old.published_at is not null
        and (tg_op = 'DELETE' or to_jsonb(new) - 'is_active' <> to_jsonb(old) - 'is_active') then
        raise exception '% % is published and cannot change', tg_table_name, old.name
            using errcode = 'integrity_constraint_violation';
    end if;
    return case when tg_op = 'DELETE' then old else new end;
end $$;
create trigger doc_clause_published_is_immutable before update or delete on documents.doc_clause
    for each row execute function documents.refuse_change_of_published();
create trigger doc_template_published_is_immutable before update or delete on documents.doc_template
    for each row execute function documents.refuse_change_of_published();

-- A published template keeps its list of clauses.
create function documents.refuse_change_of_published_list() returns trigger language plpgsql as $$
declare
    touched text[] := array(select x from unnest(array[
        case when tg_op <> 'INSERT' then old.template_id end, case when tg_op <> 'DELETE' then new.template_id end]) x);
begin
    if exists (select from documents.doc_template where template_id = any (touched) and published_at is not null) then
        raise exception 'the clauses of a published template cannot change'
            using errcode = 'integrity_constraint_violation';
    end if;
    return case when tg_op = 'DELETE' then old else new end;
end $$;
create trigger doc_template_clause_published_is_immutable
    before insert or update or delete on documents.doc_template_clause
    for each row execute function documents.refuse_change_of_published_list();

-- A template is published with published clauses only, at least one at every position.
create function documents.refuse_incomplete_publication() returns trigger language plpgsql as $$
begin
    if new.published_at is not null and (
        not exists (select from documents.doc_template_clause where template_id = new.template_id)
        or exists (
            select from documents.doc_template_clause tc join documents.doc_clause c using (clause_id)
            where tc.template_id = new.template_id and c.published_at is null)) then
        raise exception 'template % has no clauses, or unpublished ones', new.name
            using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$;
create trigger doc_template_is_published_complete before insert or update on documents.doc_template
    for each row execute function documents.refuse_incomplete_publication();

-- What was agreed to and what was printed stay as they were; an ended envelope stays ended.
create function documents.refuse_change_of_evidence() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE'
        or (new.pack_id, new.template_id, new.template_version, new.clause_ids, new.variables_filled, new.title)
            is distinct from
           (old.pack_id, old.template_id, old.template_version, old.clause_ids, old.variables_filled, old.title)
        or (old.render_pdf_sha256 is not null and (new.render_pdf_key, new.render_pdf_sha256)
            is distinct from (old.render_pdf_key, old.render_pdf_sha256))
        or (old.signed_pdf_sha256 is not null and (new.signed_pdf_key, new.signed_pdf_sha256)
            is distinct from (old.signed_pdf_key, old.signed_pdf_sha256))
        or (old.envelope_id is not null and new.envelope_id is distinct from old.envelope_id)
        or (old.envelope_status in ('completed', 'declined', 'voided', 'expired')
            and new.envelope_status <> old.envelope_status) then
        raise exception 'document % is evidence and cannot change', old.doc_id
            using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$;
create trigger doc_instance_is_evidence before update or delete on documents.doc_instance
    for each row execute function documents.refuse_change_of_evidence();
