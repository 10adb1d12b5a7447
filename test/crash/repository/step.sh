#!/bin/sh
# step.sh NAME HUNDREDTHS: writes into the ledger that it began, prints three lines, takes its time, writes that it ended.
echo "begin $SLUICE_JOB > $1" >> "$LEDGER"
for line in 1 2 3; do echo "$SLUICE_JOB > $1, line $line"; done
sleep "0.0$2"
echo "end $SLUICE_JOB > $1" >> "$LEDGER"
