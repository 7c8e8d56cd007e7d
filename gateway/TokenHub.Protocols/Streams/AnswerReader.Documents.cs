using System.Buffers.Text;
using TokenHub.Protocols.Json.Tokenizing;

namespace TokenHub.Protocols.Streams;

public abstract partial class AnswerReader
{
    private void BeginValue(int node, Field field, JsonKind kind)
    {
        switch (field)
        {
            case Field.Root:
                _event.IsArray |= kind == JsonKind.Array;
                break;
            case Field.Error when kind is JsonKind.Object or JsonKind.Array:
                _event.HasError = true;
                break;
            case Field.Present:
                _event.HasContent = true;
                HasOpaque = true;
                break;
            case Field.Delta when kind == JsonKind.Object:
                _event.ReasoningNode = 0;
                break;
            case Field.Part when kind == JsonKind.Object:
                _event.IsThought = false;
                _event.PartTextBytes = 0;
                break;
            case Field.Picture when kind == JsonKind.Object:
                _event.Pictures++;
                break;
            case Field.Iteration when kind == JsonKind.Object:
                _eventUsage.Iteration = default;
                _eventUsage.IsOneHour = false;
                break;
            case >= Field.IterationNumber:
                _eventUsage.Iteration.Spoil();
                break;
            case >= Field.Number:
                _eventUsage.Plain.Spoil();
                break;
        }

        if (kind == JsonKind.String)
        {
            BeginText(node, field);
        }
        else if (field == Field.Tool)
        {
            SwitchCounter(Field.Tool);
            CountTool(kind == JsonKind.Object ? "{"u8 : "["u8);
            _toolDepth++;
        }
    }

    private void BeginText(int node, Field field)
    {
        _textField = Resolve(field) switch
        {
            Field.Reasoning when _event.ReasoningNode != 0 && _event.ReasoningNode != node => Field.None,
            Field.ReasoningCopy when _event.ReasoningNode != 0 && _event.ReasoningNode != node => Field.None,
            Field.ReasoningCopy => Field.Reasoning,
            Field.LateText => Late(Field.Text),
            Field.LateReasoning => Late(Field.Reasoning),
            Field.LateTool => Late(Field.Tool),
            Field.LateOpaque => Late(Field.Opaque),
            Field.Id when !_id.IsEmpty => Field.None,
            Field.Model when !_model.IsEmpty => Field.None,
            var plain => plain,
        };
        _textNode = node;
        _scratch.Clear();
        if (_textField is Field.Text or Field.Reasoning or Field.Tool)
        {
            SwitchCounter(_textField);
            CountTool(_toolDepth > 0 ? "\""u8 : default);
        }
    }

    private Field Late(Field field)
    {
        if (OutputTextBytes > 0 && !_event.HasLateText)
        {
            return Field.None;
        }

        _event.HasLateText = true;
        return field;
    }

    private void ReadText(ReadOnlySpan<byte> part)
    {
        switch (_textField)
        {
            case Field.Text:
                Keep(part);
                Count(part);
                TextBytes += part.Length;
                _event.PartTextBytes += part.Length;
                break;
            case Field.Reasoning:
                Keep(part);
                _event.ReasoningNode = _textNode;
                Count(part);
                ReasoningBytes += part.Length;
                break;
            case Field.Tool:
                Keep(part);
                CountTool(part);
                break;
            case Field.ItemId:
                Output?.ItemId.Append(part);
                break;
            case Field.ItemCallId:
                Output?.CallId.Append(part);
                break;
            case Field.Opaque:
                _event.HasContent = true;
                HasOpaque = true;
                break;
            case Field.Id:
                _id.Append(part);
                break;
            case Field.Model:
                _model.Append(part);
                break;
            case Field.Type:
                _type.Append(part);
                break;
            case Field.Finish or Field.BlockReason or Field.ItemType or Field.IterationType or Field.CacheTtl:
                _scratch.Append(part);
                break;
            case Field.IterationModel:
                _eventUsage.HasOtherModel = true;
                break;
            default:
                ReadErrorText(part);
                break;
        }
    }

    private void ReadErrorText(ReadOnlySpan<byte> part)
    {
        switch (_textField)
        {
            case Field.Error:
                _event.HasError = true;
                ErrorDraft.AppendMessage(part);
                break;
            case Field.ErrorType:
                ErrorDraft.AppendType(part);
                break;
            case Field.ErrorCode:
                ErrorDraft.AppendCode(part);
                break;
            case Field.ErrorMessage:
                ErrorDraft.AppendMessage(part);
                break;
            case Field.PlainMessage:
                ErrorDraft.AppendMessage(part, isPlain: true);
                break;
        }
    }

    private void EndValue(Field field, JsonKind kind)
    {
        if (kind == JsonKind.String)
        {
            EndText();
            return;
        }

        switch (field)
        {
            case Field.Tool:
                _toolDepth--;
                CountTool(kind == JsonKind.Object ? "}"u8 : "]"u8);
                break;
            case Field.Part when kind == JsonKind.Object && _event.IsThought:
                TextBytes -= _event.PartTextBytes;
                ReasoningBytes += _event.PartTextBytes;
                break;
            case Field.Iteration when kind == JsonKind.Object:
                if (_eventUsage.IsOneHour)
                {
                    _eventUsage.Iteration.Set(UsageField.CacheWrite1h, _eventUsage.Iteration[UsageField.CacheWrite5m]);
                    _eventUsage.Iteration.Set(UsageField.CacheWrite5m, 0);
                }

                _eventUsage.Iterations.Add(_eventUsage.Iteration);
                _eventUsage.IterationCount++;
                break;
            case Field.Root when kind == JsonKind.Object && _isBare:
                CommitEvent();
                _event = new EventState { IsArray = _event.IsArray };
                BeginDocument();
                break;
        }
    }

    private void EndText()
    {
        switch (_textField)
        {
            case Field.Tool when _toolDepth > 0:
                CountTool("\""u8);
                break;
            case Field.Finish when !_scratch.IsEmpty:
                SetFinish(default, _scratch.Span);
                break;
            case Field.BlockReason when !_scratch.IsEmpty:
                SetFinish("blocked:"u8, _scratch.Span);
                _event.IsBlocked = true;
                break;
            case Field.ItemType:
                _event.HasContent |= IsContentItem(_scratch.Span);
                Output?.SetItemType(_scratch.Span);
                break;
            case Field.CacheTtl:
                _eventUsage.IsOneHour = _scratch.Span.SequenceEqual("1h"u8);
                break;
            case Field.IterationType:
                _eventUsage.HasFallback |= _scratch.Span.SequenceEqual("fallback_message"u8);
                break;
        }

        _textField = Field.None;
    }

    private void ReadScalar(Field field, JsonKind kind, ReadOnlySpan<byte> text)
    {
        switch (field)
        {
            case Field.Tool:
                CountTool(text);
                break;
            case Field.Index:
                _event.Index = Utf8Parser.TryParse(text, out int index, out _) ? index : 0;
                break;
            case Field.Sequence:
                LastSequence = Utf8Parser.TryParse(text, out long sequence, out _) ? sequence : LastSequence;
                break;
            case Field.Thought:
                _event.IsThought |= kind == JsonKind.True;
                break;
            case Field.Seconds:
                TakeSeconds(text);
                break;
            case Field.Error:
                _event.HasError |= kind == JsonKind.True
                    || (kind == JsonKind.Number && text.IndexOfAnyInRange((byte)'1', (byte)'9') >= 0);
                break;
            case Field.ErrorCode when kind == JsonKind.Number:
                ErrorDraft.AppendCode(text);
                break;
            case >= Field.Number when kind == JsonKind.Null:
                break;
            case >= Field.IterationNumber:
                _eventUsage.Iteration.Read((UsageField)(field - Field.IterationNumber), text);
                break;
            case >= Field.Number:
                _eventUsage.Plain.Read((UsageField)(field - Field.Number), text);
                break;
        }
    }

    // Kinds of text are counted apart: tokens do not reach from one into another.
    private void SwitchCounter(Field field)
    {
        if (_countedField != field)
        {
            Counter.Break();
            _countedField = field;
        }
    }

    // A single body is relayed whole or not at all: nothing of it has to be said again.
    private void Keep(ReadOnlySpan<byte> part)
    {
        if (!_isBare)
        {
            Output?.Append(part);
        }
    }

    private void Count(ReadOnlySpan<byte> part)
    {
        Counter.Append(part);
        _event.HasContent |= part.IndexOfAnyExcept(" \t\r\n"u8) >= 0;
    }

    private void CountTool(ReadOnlySpan<byte> part)
    {
        if (!part.IsEmpty)
        {
            Counter.Append(part);
            ToolBytes += part.Length;
            _event.HasContent = true;
        }
    }

    private readonly struct DocumentSink(AnswerReader reader) : IJsonSink
    {
        public int Enter(int parent, scoped ReadOnlySpan<byte> name, long at)
        {
            var node = reader._shape.Child(parent, name);
            if (node == parent && reader._toolDepth > 0)
            {
                reader.CountTool("\""u8);
                reader.CountTool(name);
                reader.CountTool("\":"u8);
            }

            return node;
        }

        public void Begin(int node, JsonKind kind, long at) =>
            reader.BeginValue(node, reader._shape.Fields[node], kind);

        public void Text(int node, scoped ReadOnlySpan<byte> part)
        {
            if (reader._textField != Field.None)
            {
                reader.ReadText(part);
            }
        }

        public void End(int node, JsonKind kind, long at) => reader.EndValue(reader._shape.Fields[node], kind);

        public void Scalar(int node, JsonKind kind, scoped ReadOnlySpan<byte> text, long at) =>
            reader.ReadScalar(reader._shape.Fields[node], kind, text);
    }
}
