-- What the release says of an author beside scores and rank, and without the text: names and sources are judged by the
-- export, on every record that it writes.
select
    authors.author_id,
    authors.handle,
    authors.lang_primary
from {{ ref('int_authors_latest') }} as authors
inner join {{ ref('int_author_verdicts') }} as verdicts on authors.landing_id = verdicts.landing_id
where
    verdicts.rule is null
    and {{ is_due('authors.author_id') }}
    and not coalesce(
        {{ matches('authors.author_id', '^[0-9]{1,19}$') }}
        and {{ matches('authors.handle', '^[A-Za-z0-9_]{1,15}$') }}
        and authors.has_name
        and {{ matches("coalesce(authors.lang_primary, '" ~ var('default_lang') ~ "')", '^[a-z]{2}(-[A-Z]{2})?$') }}
        and authors.verified in ('none', 'blue', 'org', 'legacy', 'business')
        and authors.entry_threshold_passed
        and not (authors.is_org_curated or authors.is_official or authors.is_banned_curated)
        and authors.followers_count >= 0
        and coalesce(least(
            authors.following_count,
            authors.tweet_count,
            authors.like_count,
            authors.media_count,
            authors.listed_count
        ), 0) >= 0,
        false
    )
