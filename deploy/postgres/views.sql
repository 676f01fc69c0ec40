-- Opens the documented views to analysts. Run it once as hall_owner, after `hall database apply`;
-- rebuilds and later versions keep what is granted here.
GRANT SELECT ON v_cases, v_cards, v_efficiency_daily TO hall_analyst;
