-- One row per observation (landing_id), with the points of the topics and keywords of each model version.
-- All text is read here, once: what comes after is arithmetic.
with

observations as (

    select
        *,
        -- a line break between the fields, so that no keyword is found across two of them
        {{ lower_text("concat_ws(chr(10), handle, name, description)") }} as searchable_text,
        -- for words a NUL as a word of its own, which a line break in a description cannot be taken for
        {{ lower_text(
            "concat_ws(' ' || chr(0) || ' ', handle, " ~ without_nul('name') ~ ", " ~ without_nul('description') ~ ")"
        ) }} as worded_text
    from {{ ref('int_observations') }}

),

worded as (

    select
        *,
        {{ array_text(keyword_stretches('worded_text'), "' ' || chr(0) || ' '") }} as stretches
    from observations

),

spaced as (

    -- each word of each stretch between single spaces, and nothing at all where no stretch is
    select
        *,
        case
            when stretches = '' then ''
            else {{ replace_all("' ' || stretches || ' '", '[^\\p{L}\\p{N}\\x00]+', ' ') }}
        end as words
    from worded

),

curation as (

    select
        author_id,
        topic_tags
    from {{ ref('int_curation_latest') }}

),

keywords_m2_0 as (

    select
        {{ array_ordered_by('keyword', 'keyword') }} as keywords,
        max(points) as points_a_keyword
    from {{ ref('keywords') }}
    where model_version = 'm2.0'

),

keywords_m2_1 as (

    select
        {{ array_ordered_by(
            struct_of({'word': "' ' || keyword || ' '", 'points': 'points'}), 'keyword'
        ) }} as weighted_keywords
    from {{ ref('keywords') }}
    where model_version = 'm2.1'

),

tags_m2_0 as (

    select
        {{ array_ordered_by('tag', 'tag') }} as tags,
        max(points) as points_a_tag
    from {{ ref('topics') }}
    where model_version = 'm2.0'

),

matched as (

    select
        spaced.*,
        points_a_tag
        * {{ array_size('array_intersect(tags, coalesce(curation.topic_tags, ' ~ array_of([]) ~ '))') }}
            as tag_points_m2_0,
        points_a_keyword
        * {{ array_size(array_where('keywords', 'keyword', 'contains(searchable_text, keyword)')) }}
            as keyword_points_m2_0,
        case
            when words = '' then 0
            else
                coalesce({{ array_sum(
                    'weighted_keywords',
                    'keyword',
                    'case when contains(words, keyword.word) then keyword.points else 0 end'
                ) }}, 0)
        end as keyword_points_m2_1,
        topics.topic_points
    from spaced
    left join curation on spaced.author_id = curation.author_id
    left join {{ ref('int_author_topics') }} as topics on spaced.author_id = topics.author_id
    cross join keywords_m2_0
    cross join keywords_m2_1
    cross join tags_m2_0

)

select * from matched
