using TokenHub.Core.Money;
using TokenHub.Core.Usage;

namespace TokenHub.Gateway.Metering;

/// <summary>Makes the final account of a request: outcome class, price version, one division.</summary>
internal static class FinalRecord
{
    public static UsageRecord Of(Exchange exchange, AnswerEnd end, int status)
    {
        var meter = (StreamMeter)exchange.Tap;
        var serving = exchange.Serving ?? exchange.First!;

        // Content counts once it was begun to be passed on; what was kept back reached nobody.
        var outcome = meter.IsReading
            ? OutcomeTable.Of(
                end, exchange.FirstContentMs >= 0 && meter.Reader.HasContent, meter.Reader.Usage is { IsEmpty: false },
                meter.Reader.IsWhole(exchange.Dialect))
            : Outcome.UpstreamErrorBeforeContent;
        var reading = outcome.IsCharged() ? meter.Read() : default;
        return new UsageRecord
        {
            RequestId = exchange.Id,
            Account = exchange.Key!.Account,
            Key = exchange.Key.Id,
            Channel = serving.Channel.Id,
            OwnerAccount = serving.Channel.OwnerAccount,
            OwnerShareBp = serving.Channel.OwnerShareBp,
            PriceVersion = serving.Tariff.PriceVersion,
            Model = exchange.Model,
            Dialect = exchange.Dialect,
            Outcome = outcome,
            IsStream = exchange.IsStream,
            IsCounted = reading.IsCounted,
            Status = status,
            StartedMs = exchange.StartedMs,
            FirstTokenMs = exchange.FirstContentMs,
            DurationMs = exchange.ElapsedMs,
            Hold = exchange.Hold.Amount,
            Cost = TariffMath.Cost(serving.Tariff, reading.Usage),
            Usage = reading.Usage,
            UpstreamId = meter.IsReading ? meter.Reader.UpstreamId : "",
            Attempts = [.. exchange.Attempts],
        };
    }
}
