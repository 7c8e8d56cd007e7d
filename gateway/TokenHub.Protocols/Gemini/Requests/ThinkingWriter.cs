using System.Text.Json;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;

namespace TokenHub.Protocols.Gemini.Requests;

/// <summary>Writes how a model is to think: by a budget in generation 2.5, by a level from the third on.</summary>
internal sealed class ThinkingWriter(Utf8JsonWriter json, ChatRequest request, GeminiModel model, Dropped dropped)
{
    private const long BudgetOfTheModel = -1;

    public void Write()
    {
        if (request.Reasoning is not { } wish)
        {
            return;
        }

        var isOff = wish.Effort == Effort.None || wish.BudgetTokens == 0;
        if (!model.TakesBudget && !model.TakesLevel)
        {
            if (!isOff && (wish.Effort is not null || wish.BudgetTokens is not null || wish.IsAdaptive))
            {
                dropped.Add(request.NameOf(Wish.Reasoning));
            }

            return;
        }

        json.WriteStartObject("thinkingConfig"u8);
        if (model.TakesLevel)
        {
            json.WriteText("thinkingLevel"u8, LevelOf(wish, isOff));
        }
        else if (BudgetOf(wish, isOff) is { } budget)
        {
            json.WriteNumber("thinkingBudget"u8, budget);
        }

        // Without it no word of a thought ever comes.
        if (!isOff && wish.ShowsText is not false)
        {
            json.WriteBoolean("includeThoughts"u8, true);
        }

        json.WriteEndObject();
    }

    private long? BudgetOf(ReasoningWish wish, bool isOff)
    {
        if (isOff)
        {
            return model.BudgetMin;
        }

        var wanted = wish.BudgetTokens
            ?? (wish.Effort is { } effort ? EffortLevels.BudgetOf(effort) : wish.IsAdaptive ? BudgetOfTheModel : null);
        return wanted is null or < 0 ? wanted : Math.Clamp(wanted.Value, model.BudgetMin, model.BudgetMax);
    }

    // The third generation cannot be kept from thinking.
    private string? LevelOf(ReasoningWish wish, bool isOff)
    {
        var effort = isOff ? Effort.Minimal
            : wish.Effort ?? (wish.BudgetTokens is { } budget ? EffortLevels.Of(budget) : null);
        return effort switch
        {
            null => null,
            Effort.None or Effort.Minimal => model.TakesMinimalLevel ? "MINIMAL" : "LOW",
            Effort.Low => "LOW",
            Effort.Medium => model.TakesMediumLevel ? "MEDIUM" : "HIGH",
            _ => "HIGH",
        };
    }
}
