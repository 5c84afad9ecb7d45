// What our own drawings share: attached to the candles, drawn in media pixels.

import type {
  IChartApi,
  ISeriesApi,
  ISeriesPrimitive,
  PrimitivePaneViewZOrder,
  SeriesAttachedParameter,
  Time,
} from "lightweight-charts";

export interface Canvas {
  context: CanvasRenderingContext2D;
  width: number;
  height: number;
}

/** A drawing of its own on the candles' pane; what it draws over them is `drawOver`. */
export abstract class Drawing implements ISeriesPrimitive<Time> {
  protected chart: IChartApi | null = null;
  protected series: ISeriesApi<"Candlestick"> | null = null;
  private request: () => void = () => undefined;
  private readonly views;

  constructor(order: PrimitivePaneViewZOrder) {
    const renderer = (draw: (canvas: Canvas) => void) => ({
      draw: (target: CanvasTarget) =>
        target.useMediaCoordinateSpace(({ context, mediaSize }) => {
          context.save();
          draw({ context, width: mediaSize.width, height: mediaSize.height });
          context.restore();
        }),
    });
    const own = renderer((canvas) => this.draw(canvas));
    const over = renderer((canvas) => this.drawOver(canvas));
    this.views = [
      { zOrder: () => order, renderer: () => own },
      { zOrder: () => "top" as const, renderer: () => over },
    ];
  }

  attached({ chart, series, requestUpdate }: SeriesAttachedParameter<Time>): void {
    this.chart = chart as IChartApi;
    this.series = series as ISeriesApi<"Candlestick">;
    this.request = requestUpdate;
  }

  detached(): void {
    this.chart = this.series = null;
  }

  paneViews() {
    return this.views;
  }

  protected redraw(): void {
    this.request();
  }

  protected y(price: number): number | null {
    return this.series?.priceToCoordinate(price) ?? null;
  }

  /** Pixels from one bar to the next. */
  protected get barSpacing(): number {
    return this.chart?.timeScale().options().barSpacing ?? 0;
  }

  /** The middle of a bar by its place, a whole number; places outside the bars count on. */
  protected x(place: number): number | null {
    return this.chart?.timeScale().logicalToCoordinate(place as never) ?? null;
  }

  protected abstract draw(canvas: Canvas): void;

  protected drawOver(_canvas: Canvas): void {
    // Most have nothing over the candles.
  }
}

interface CanvasTarget {
  useMediaCoordinateSpace<T>(
    call: (scope: {
      context: CanvasRenderingContext2D;
      mediaSize: { width: number; height: number };
    }) => T,
  ): T;
}

/** Labels at the side of a pane, none over another: the first that asks has the room. */
export class LabelRoom {
  private readonly ranges: [number, number][] = [];

  take(y: number, height: number): boolean {
    const low = y - height / 2;
    const high = y + height / 2;
    if (this.ranges.some(([from, to]) => low < to && high > from)) return false;
    this.ranges.push([low, high]);
    return true;
  }
}
