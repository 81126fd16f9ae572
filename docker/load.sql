WITH placed AS (
  INSERT INTO shop.orders (id, customer_id, status, total, currency, placed_at)
  SELECT coalesce(max(id), 0) + 1, 1 + floor(random() * 2000)::bigint, 'placed', 20, 'EUR', now()
  FROM shop.orders
  RETURNING id
), paid AS (
  UPDATE shop.orders SET status = 'paid', paid_at = now(), updated_at = now()
  WHERE id = (SELECT max(id) FROM shop.orders WHERE status = 'placed')
)
INSERT INTO shop.order_items (order_id, line, product_id, quantity, unit_price, discount)
SELECT id, 1, 1 + floor(random() * 400)::integer, 1, 20, 0 FROM placed
