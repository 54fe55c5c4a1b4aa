{# Whether a request asked by id or by handle: a handle of digits looks like an id, and only the endpoint tells. #}
{% macro asked_by(endpoint) -%}
    case {{ endpoint }} when '/2/users' then 'id' else 'handle' end
{%- endmacro %}
