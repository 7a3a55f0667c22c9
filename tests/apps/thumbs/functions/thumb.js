module.exports = async (event, ctx) => {
  console.log('photo', event.body.photo, 'of', event.publisher);
  await ctx.publish('thumb-made', { body: { photo: event.body.photo, width: 64 }, headers: { 'x-made-by': ctx.appName } });
  return { thumb: event.body.photo };
};
