/**
 * What happened, of the last hour unless a time is asked for: "by default, RDS returns events that were generated in the past
 * hour" (https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeEvents.html).
 */
import type { Operations } from '../../operation.ts';
import { page } from '../../pages.ts';
import { invalidCombination } from '../../wire/refusal.ts';

export const eventOperations: Operations = {
  DescribeEvents: {
    takes: [
      ...['SourceIdentifier', 'SourceType', 'StartTime', 'EndTime', 'Duration', 'EventCategories'],
      ...['MaxRecords', 'Marker'],
    ],
    perform({ input, place, now, paging }) {
      const source = input.text('SourceIdentifier')?.toLowerCase();
      const type = input.text('SourceType');
      if (source !== undefined && type === undefined) {
        invalidCombination('If SourceIdentifier is supplied, SourceType must also be provided');
      }
      const end = input.time('EndTime') ?? now;
      const start = input.time('StartTime') ?? new Date(end.getTime() - (input.whole('Duration') ?? 60) * 60_000);
      const categories = input.texts('EventCategories') ?? [];
      const found = place.events
        .map((event, at) => ({ event, key: String(at).padStart(12, '0') }))
        .filter(
          ({ event }) =>
            event.Date >= start &&
            event.Date <= end &&
            (type === undefined || event.SourceType === type) &&
            (source === undefined || event.SourceIdentifier === source) &&
            (categories.length === 0 || event.EventCategories.some((category) => categories.includes(category))),
        );
      const list = found.map(({ event, key }) => {
        const { id: _, ...visible } = event;
        return { key, show: () => visible };
      });
      return page('Events', list, input, paging);
    },
  },
};
