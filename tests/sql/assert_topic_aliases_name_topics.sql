-- An alias of no topic would count as an unknown tag; one that is a topic itself would make two of one.
select
    aliases.model_version,
    aliases.alias,
    aliases.tag
from {{ ref('topic_aliases') }} as aliases
left join {{ ref('topics') }} as topics
    on
        aliases.model_version = topics.model_version
        and aliases.tag = topics.tag
left join {{ ref('topics') }} as namesakes
    on
        aliases.model_version = namesakes.model_version
        and aliases.alias = namesakes.tag
where
    topics.tag is null
    or namesakes.tag is not null
