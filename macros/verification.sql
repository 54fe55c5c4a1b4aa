{#
    The data set's word for a verification of X, from its type in lower case. Business and government accounts are
    organisations; a true flag without a type is the old badge, unless the payload says that the badge is bought.
#}
{% macro verified_kind(type, is_verified, is_blue='false') -%}
    case
            when {{ type }} in ('business', 'government') then 'org'
            when {{ type }} = 'blue' then 'blue'
            when coalesce({{ type }}, 'none') not in ('none', '') then 'none'
            when {{ is_blue }} then 'blue'
            when {{ is_verified }} then 'legacy'
            else 'none'
        end
{%- endmacro %}

{# A type of verification that has no word here, else null. #}
{% macro unknown_verified_kind(type) -%}
    case
            when {{ type }} not in ('none', '', 'blue', 'business', 'government') then {{ type }}
        end
{%- endmacro %}
