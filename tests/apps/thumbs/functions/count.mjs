let calls = 0;

export default function count(event, ctx) {
  calls += 1;
  return ctx.publish('thumb-counted', { body: { photo: event.body.photo, calls } });
}
