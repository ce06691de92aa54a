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

-- The library at launch (§1.5.D). Clauses name their variables in the text; their declarations come from one catalogue,
-- so that two clauses never declare one variable differently. The functions below serve this migration only.
create function documents.launch_variables() returns jsonb language sql immutable as $$ select '{
  "booking_ref": {"type": "string", "description": "Booking as the parties know it", "example": "lbg_00000000000000000000000000000001"},
  "buyer_legal_name": {"type": "string", "description": "Legal name of the buyer", "example": "Avery Example"},
  "cancellation_policy_summary": {"type": "string", "description": "Bands of the cancellation policy in words", "example": "72 hours or more before the start: 100 % refunded."},
  "compensation_summary": {"type": "string", "description": "What the model receives", "example": "USD 450.00 for the session", "default": "The fee of the booking"},
  "damage_policy": {"type": "string", "description": "What happens after damage", "example": "Repair at cost", "default": "Damage beyond ordinary wear is repaired or replaced at documented cost and charged to the deposit first."},
  "deliverables_summary": {"type": "string", "description": "What is delivered", "example": "20 edited photographs within 7 days"},
  "deposit_amount": {"type": "money_cents", "description": "Card hold of the studio", "example": 30000, "default": 0},
  "duration": {"type": "duration", "description": "How long the licence lasts", "example": "P2Y", "default": "P2Y", "max": "P5Y"},
  "end_time": {"type": "datetime", "description": "End in the time of the city", "example": "2026-06-10T18:00:00-05:00"},
  "location_address": {"type": "address", "description": "Where the service takes place", "example": "1 Main Street, Houston, TX 77002", "default": "to be agreed between the parties in the booking conversation before the service date"},
  "model_dob": {"type": "date", "description": "Date of birth of the model", "example": "1998-04-05", "min_age_years": 18},
  "model_legal_name": {"type": "string", "description": "Legal name of the model", "example": "Morgan Example"},
  "safety_rules": {"type": "string", "description": "Rules of the studio", "example": "No open flames.", "default": "No smoking, no open flames, no blocked exits; electrical loads only as the studio allows."},
  "seller_legal_name": {"type": "string", "description": "Legal name of the seller", "example": "Sam Example"},
  "service_date": {"type": "date", "description": "Day of the service in the city", "example": "2026-06-10"},
  "start_time": {"type": "datetime", "description": "Start in the time of the city", "example": "2026-06-10T14:00:00-05:00"},
  "studio_name": {"type": "string", "description": "Name of the studio", "example": "Daylight Loft"},
  "taxes": {"type": "money_cents", "description": "Taxes in the total", "example": 3713},
  "territory": {"type": "enum", "description": "Where the licence is valid", "example": "United States", "default": "United States", "values": ["United States", "North America", "Worldwide"]},
  "total_price": {"type": "money_cents", "description": "Total of the leg with taxes and fees", "example": 53713},
  "usage_scope": {"type": "string", "description": "What the images may be used for", "example": "Portfolio and social media", "default": "Editorial use, portfolio, and the buyer''s own web site and social media channels; not for resale"}
}'::jsonb $$;

create function documents.launch_clause(name text, city_gate text[], role_gate text[], body text)
returns void language sql as $$
    insert into documents.doc_clause
        (clause_id, name, version, city_gate, role_gate, body_markdown, variables_json, created_by, created_at, published_at)
    select 'cls_' || md5('clause/' || name || '/1'), name, 1, city_gate, role_gate, body,
        coalesce((select jsonb_object_agg(v.key, v.value) from jsonb_each(documents.launch_variables()) v
                  where v.key in (select m[1] from regexp_matches(body, '\{\{([a-z0-9_]+)\}\}', 'g') m)), '{}'),
        'launch', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z'
$$;

-- `sections`: [heading, clause, further alternatives…] in order.
create function documents.launch_template(kind text, name text, title text, signers jsonb, sections jsonb)
returns void language plpgsql as $$
declare
    id text := 'tpl_' || md5('template/' || name || '/1');
begin
    insert into documents.doc_template
        (template_id, kind, name, version, layout_json, signer_roles, created_by, created_at)
    values (id, kind, name, 1, jsonb_build_object('brand', 'RastUp', 'title', title), signers, 'launch', '2026-01-01T00:00:00Z');
    insert into documents.doc_template_clause (template_id, position, alternative, heading, clause_id)
    select id, s.position, a.position - 1, s.section ->> 0, 'cls_' || md5('clause/' || (a.clause #>> '{}') || '/1')
    from jsonb_array_elements(sections) with ordinality s (section, position),
         jsonb_array_elements(s.section) with ordinality a (clause, position)
    where a.position > 1;
    update documents.doc_template set published_at = '2026-01-01T00:00:00Z' where template_id = id;
end $$;

select documents.launch_clause('SOW: Base Terms', null, null, $md$
This statement of work is an agreement between **{{buyer_legal_name}}** (the "Buyer") and **{{seller_legal_name}}** (the "Talent"). It belongs to booking {{booking_ref}} on RastUp, which arranges the booking and holds the payment but is not a party to the services.

- **Date of service:** {{service_date}}
- **Start:** {{start_time}}
- **End:** {{end_time}}
- **Place:** {{location_address}}
- **Deliverables:** {{deliverables_summary}}
- **Total price:** {{total_price}}, of which taxes {{taxes}}
- **Cancellation:** {{cancellation_policy_summary}}

The facts above were taken from the booking when this document was made. A change of time, place, deliverables, price or party replaces this document: the parties then sign a new one, and this one ends. Where this document and a message between the parties differ, this document applies. It is the whole agreement of the parties about the services.
$md$);
select documents.launch_clause('SOW: Responsibilities', null, null, $md$
The **Talent** arrives prepared and on time, performs the services with professional care and in person, brings the equipment that the package names, and delivers what is listed under Deliverables in the stated time and format. The Talent may not hand the services to somebody else without the Buyer's written consent.

The **Buyer** gives a clear brief in good time, provides access to the place and every permit, release and consent that the Buyer's concept needs, is present or represented by somebody who can decide, and checks the deliverables without delay. Waiting time that the Buyer causes counts as time of service. Work beyond the booked time or deliverables needs an amendment of the booking on the platform before it is done.

The Talent works as an independent contractor. Nothing in this document makes either party the employee, partner or agent of the other, and each party bears its own taxes and insurance.
$md$);
select documents.launch_clause('SOW: IP & Licensing (Creators)', null, array['photographer', 'videographer', 'creator', 'fansub'], $md$
The Talent owns the copyright in the works made under this document. When the booking is accepted and paid in full, the Talent grants the Buyer a non-exclusive licence to use the delivered works:

- **Scope:** {{usage_scope}}
- **Territory:** {{territory}}
- **Term:** {{duration}} from delivery

The licence covers reasonable cropping and format changes. Sale or sublicensing of the works, use outside the scope, and use for the training of generative models need a separate written licence. Raw files are not part of the deliverables unless the package lists them. The Talent may show the works in the Talent's own portfolio, unless the parties have agreed otherwise in the booking. The Buyer warrants that material which the Buyer provides may be used as the brief asks.
$md$);
select documents.launch_clause('SOW: IP & Licensing (Models)', null, array['model'], $md$
The use of the Talent's name, image and likeness is governed by the model release of this booking, which the parties sign together with this document and which decides where the two differ:

- **Scope:** {{usage_scope}}
- **Territory:** {{territory}}
- **Term:** {{duration}} from the service date

The copyright in the works belongs to whoever makes them. The Talent may show published works in the Talent's own portfolio with credit. Use outside the scope, and use of the likeness for synthetic media or the training of generative models, need the Talent's separate written consent.
$md$);
select documents.launch_clause('SOW: Payment & Escrow', null, null, $md$
The Buyer pays the total price of {{total_price}} through the platform before the service. A card payment is captured only when every part of the booking is confirmed; if any part cannot be confirmed, nothing is charged. The platform holds the payment and pays the Talent after the Buyer accepts the service, or after the acceptance window has passed without a reported issue, less the fees that the platform has shown to the Talent.

The parties settle nothing of this booking outside the platform. A dispute about the service is first raised on the platform within the acceptance window; while it is open, the amount in dispute stays held. Refunds follow the cancellation terms of this document and the platform's decision on a dispute, and go back to the method of payment. Taxes of {{taxes}} are part of the total.
$md$);
select documents.launch_clause('SOW: Cancellation', null, null, $md$
Either party may cancel on the platform before the start. What the Buyer then gets back depends on the time to the start:

{{cancellation_policy_summary}}

The part that is not refunded goes to the Talent. If the Talent cancels, or does not appear within thirty minutes of the start without the Buyer's agreement, the Buyer receives a full refund. If the Buyer does not appear, the booking counts as cancelled at its start. Where an event that neither party could prevent makes the service impossible or unsafe, the parties agree on a new date; if they find none within thirty days, the Buyer is refunded for what was not performed.
$md$);
select documents.launch_clause('SOW: Safety & Conduct', null, null, $md$
Both parties keep the place safe and the conduct professional. Harassment, discrimination, threats, and pressure to go beyond what was agreed are not accepted. Everybody on set is an adult or accompanied as the law requires; services under this document are for adults only. Nudity or physical contact beyond the agreed brief is not part of the service. Changing areas are private, and nobody is recorded there.

Each party may stop the session at once when it has good reason to feel unsafe, and reports the reason on the platform. A party that stops for good reason is in no breach. Weapons, illegal substances and work under their influence are forbidden. Drones, stunts, animals, fire and vehicles need a written plan and the permits that the place requires.
$md$);
select documents.launch_clause('SOW: Limitation of Liability', null, null, $md$
Each party is liable for loss that it causes through breach of this document. Neither party is liable for lost profit or other indirect loss, and the liability of each party under this document is limited to twice the total price of {{total_price}}.

These limits do not apply to death or personal injury, fraud, wilful or grossly negligent conduct, use of works or likeness outside the licence, or whatever the law does not allow to be limited. If recorded works are lost through a fault of the Talent, the Talent repeats the service where possible or refunds the affected part of the price. Each party holds the other harmless against claims of third parties that arise from material or instructions it gave.
$md$);
select documents.launch_clause('Governing Law: Texas', array['houston'], null, $md$
This document is governed by the law of the State of Texas, without its rules on conflict of laws. The parties first try to resolve a dispute through the platform. After that, the state and federal courts in Harris County, Texas, have exclusive jurisdiction; a claim within the limits of a justice court may be brought there. If one provision is void, the others stay in force. Signatures given electronically have the effect of written ones under the Texas Uniform Electronic Transactions Act and the federal E-SIGN Act.
$md$);
select documents.launch_clause('Governing Law: California', array['los_angeles'], null, $md$
This document is governed by the law of the State of California, without its rules on conflict of laws. The parties first try to resolve a dispute through the platform. After that, the state and federal courts in Los Angeles County, California, have exclusive jurisdiction; a claim within the limits of small claims court may be brought there. Nothing in this document waives a right that California law does not allow to be waived, and nothing releases a party from liability for its own fraud, wilful injury or violation of law. If one provision is void, the others stay in force. Signatures given electronically have the effect of written ones under the California Uniform Electronic Transactions Act and the federal E-SIGN Act.
$md$);

select documents.launch_clause('Model Release: Adult Confirmation', null, array['model'], $md$
**{{model_legal_name}}** (the "Model"), born on {{model_dob}}, confirms to be at least eighteen years old on the day of signing, to act freely, and to have shown a government document that proves both name and date of birth. This release is not valid for a minor, whoever signs for them. It belongs to booking {{booking_ref}} and to the session on {{service_date}}.
$md$);
select documents.launch_clause('Model Release: Grant of Rights', null, array['model'], $md$
The Model permits **{{buyer_legal_name}}** and the photographer or producer who counter-signs to record the Model at the session and to use the recordings, with the Model's image, likeness and voice:

- **Scope:** {{usage_scope}}
- **Territory:** {{territory}}
- **Term:** {{duration}} from the session
- **Compensation:** {{compensation_summary}}

The Model's name is used only with the Model's consent. Recordings may be retouched in the ordinary way, but not so that they show the Model doing or wearing what the Model did not. What was lawfully published within the term may stay where it is after the term; it is not promoted or published anew. The permission is complete when the compensation has been paid; until then it covers selection and editing only.
$md$);
select documents.launch_clause('Model Release: Limits of Use', null, array['model'], $md$
**No explicit content.** The recordings contain no explicit content, and no recording is shown on a public surface of the platform or elsewhere in an explicit, pornographic or degrading context. Implied nudity is part of the session only where the brief agreed before the session says so, and is never used for a thumbnail, a profile or an advertisement.

The recordings are not used to advertise tobacco, weapons, gambling, adult services, political causes or medicines, nor to suggest that the Model has an illness or endorses a product beyond the agreed campaign. They are not used to make synthetic media of the Model or to train generative models. A use outside this release ends on the Model's notice, and within seventy-two hours.
$md$);
select documents.launch_clause('Model Release: Release & Notices', null, array['model'], $md$
Within these limits the Model releases the Buyer and the photographer or producer from claims for invasion of privacy, violation of the right of publicity, and further remuneration for the permitted use. The release does not cover a use outside its limits, and does not waive a right that cannot be waived by law. The Model may withdraw from the session at any time; recordings made before are then used only with the Model's consent, and the compensation follows the cancellation terms of the statement of work. Notices are given through the platform. This release is not assigned to others without the Model's consent.
$md$);

select documents.launch_clause('House Rules: Booking & Capacity', null, array['studio'], $md$
These house rules are agreed between **{{buyer_legal_name}}** (the "Responsible Party") and **{{seller_legal_name}}**, owner or manager of **{{studio_name}}** (the "Studio"), for booking {{booking_ref}}.

- **Date:** {{service_date}}
- **Access from:** {{start_time}}
- **Access until:** {{end_time}}
- **Address:** {{location_address}}
- **Total price:** {{total_price}}, of which taxes {{taxes}}

The booked time includes setting up and clearing. The number of people on the premises exceeds neither the capacity that the Studio's page and the posted fire limit allow, whichever is lower, nor the crew size that was booked. The Responsible Party answers for everybody who enters under this booking.
$md$);
select documents.launch_clause('House Rules: Amenities & Equipment', null, array['studio'], $md$
The amenities and equipment listed on the Studio's page at the time of booking are included, in working order and as they are. Equipment is used only by people who know how, stays on the premises, and is returned to where it was found. Backdrops and consumables are used with care; paper rolls are charged by the length used where the Studio's page says so. Furniture and fixtures may be moved when nothing is damaged and everything is moved back. Nothing is nailed, glued or painted without the Studio's written consent. A fault is reported at once, before the equipment is used further.
$md$);
select documents.launch_clause('House Rules: Deposit & Damages', null, array['studio'], $md$
**Deposit:** {{deposit_amount}}. The deposit is a hold on the Responsible Party's card, not a charge. It is released after the claim window unless the Studio files a claim on the platform with photographs and an invoice or estimate, and the claim is approved; no more than the approved amount, and no more than the hold, is taken from it.

**Damages:** {{damage_policy}}

Both parties look at the rooms at the start and at the end, and note what they find on the platform. The Responsible Party is liable for damage, loss and excessive soiling caused by anybody who enters under this booking, also beyond the deposit.
$md$);
select documents.launch_clause('House Rules: Cleaning & Overtime', null, array['studio'], $md$
The rooms are left swept, with waste in the bins provided and all equipment switched off. Glitter, confetti, paint, smoke and water effects need the Studio's written consent and are cleaned up completely. Cleaning beyond the ordinary is charged at documented cost.

**Overtime.** Staying longer than booked needs the Studio's consent and is possible only while the Studio is free. Overtime is agreed and paid as an amendment of the booking on the platform before it begins; time beyond the booking without one is charged in half-hours at the rate of the booking. The Studio may end a session that runs into the next booking.
$md$);
select documents.launch_clause('House Rules: Safety & Conduct', null, array['studio'], $md$
{{safety_rules}}

Emergency exits, extinguishers and electrical panels stay free. Fog, pyrotechnics, flames, weapons and their replicas, animals and vehicles need the Studio's written consent and the permits that the law requires. Everybody on set is treated with respect; harassment, discrimination and recording in changing areas are forbidden. The studio may not be used for anything unlawful, nor for explicit content unless its page allows it. Accidents are reported to the Studio at once and on the platform on the same day. The Studio may stop a session that endangers people or property.
$md$);
select documents.launch_clause('House Rules: Payment & Cancellation', null, array['studio'], $md$
The total price of {{total_price}} is paid through the platform before the session and held until the session is accepted. The Responsible Party may cancel on the platform before the start and is refunded as follows:

{{cancellation_policy_summary}}

If the Studio cancels, or does not give access within thirty minutes of the start, the Responsible Party receives a full refund. The parties settle nothing of this booking outside the platform, except what the law requires.
$md$);
select documents.launch_clause('House Rules: Limitation of Liability', null, array['studio'], $md$
The Studio is responsible for premises that are safe for ordinary use and match their description. It is not responsible for property that is brought in, nor for lost profit or other indirect loss, and its liability is otherwise limited to twice the total price of {{total_price}}. The Responsible Party holds the Studio harmless against claims of people who enter under this booking, as far as the Studio has not caused them. These limits do not apply to death or personal injury caused by the Studio's fault, to fraud, to wilful or grossly negligent conduct, or to whatever the law does not allow to be limited.
$md$);

select documents.launch_template('talent_sow', 'Talent SOW', 'Statement of Work', '[{"role": "buyer"}, {"role": "talent"}]', '[
    ["Base Terms", "SOW: Base Terms"],
    ["Responsibilities", "SOW: Responsibilities"],
    ["IP & Licensing", "SOW: IP & Licensing (Creators)", "SOW: IP & Licensing (Models)"],
    ["Payment & Escrow", "SOW: Payment & Escrow"],
    ["Cancellation", "SOW: Cancellation"],
    ["Safety & Conduct", "SOW: Safety & Conduct"],
    ["Limitation of Liability", "SOW: Limitation of Liability"],
    ["Governing Law", "Governing Law: Texas", "Governing Law: California"]]');
select documents.launch_template('model_release', 'Model Release (Adult)', 'Model Release',
    '[{"role": "model", "or": "talent"}, {"role": "photographer", "or": "buyer"}]', '[
    ["Adult Confirmation", "Model Release: Adult Confirmation"],
    ["Grant of Rights", "Model Release: Grant of Rights"],
    ["Limits of Use", "Model Release: Limits of Use"],
    ["Release & Notices", "Model Release: Release & Notices"],
    ["Governing Law", "Governing Law: Texas", "Governing Law: California"]]');
select documents.launch_template('studio_house_rules', 'Studio House Rules', 'Studio House Rules',
    '[{"role": "buyer"}, {"role": "studio_owner"}]', '[
    ["Booking & Capacity", "House Rules: Booking & Capacity"],
    ["Amenities & Equipment", "House Rules: Amenities & Equipment"],
    ["Deposit & Damages", "House Rules: Deposit & Damages"],
    ["Cleaning & Overtime", "House Rules: Cleaning & Overtime"],
    ["Safety & Conduct", "House Rules: Safety & Conduct"],
    ["Payment & Cancellation", "House Rules: Payment & Cancellation"],
    ["Limitation of Liability", "House Rules: Limitation of Liability"],
    ["Governing Law", "Governing Law: Texas", "Governing Law: California"]]');

drop function documents.launch_template(text, text, text, jsonb, jsonb);
drop function documents.launch_clause(text, text[], text[], text);
drop function documents.launch_variables();
