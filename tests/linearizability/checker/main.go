// Command linearizability reads the history of a bank and says whether it is strictly serialisable:
// whether some order of its operations, in which none comes before one that had ended when it
// began, explains every answer. Porcupine decides; nothing here knows how Clearway works.
//
//	linearizability HISTORY
//
// The first line is {"balances": [minor units of each account at the beginning]}, each further line
// a Record. Exit status: 0 it is, 1 it is not, 2 the file is no history, 3 no answer in time.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/anishathalye/porcupine"
)

const timeLimit = 5 * time.Minute

func main() {
	balances, records, err := read(os.Args[1])
	if err != nil {
		fmt.Println("no history:", err)
		os.Exit(2)
	}
	payments := 0
	for _, record := range records {
		payments = max(payments, record.Key+1)
	}
	var history []porcupine.Operation
	for _, record := range records {
		if record.Answer == nil {
			if record.Do != "pay" {
				continue // a question without an answer says nothing
			}
			record.Return = math.MaxInt64 // it may happen at any time from its call on, or never
		}
		history = append(history, porcupine.Operation{
			ClientId: record.Client, Input: record, Call: record.Call, Output: record.Answer, Return: record.Return,
		})
	}
	switch porcupine.CheckOperationsTimeout(model(balances, payments), history, timeLimit) {
	case porcupine.Ok:
		fmt.Println("strictly serialisable:", len(history), "operations")
	case porcupine.Illegal:
		fmt.Println("not strictly serialisable")
		os.Exit(1)
	case porcupine.Unknown:
		fmt.Println("no answer in", timeLimit)
		os.Exit(3)
	}
}

func read(path string) ([]int64, []Record, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	lines := json.NewDecoder(bufio.NewReader(file))
	lines.DisallowUnknownFields()
	var head struct {
		Balances []int64 `json:"balances"`
	}
	if err := lines.Decode(&head); err != nil {
		return nil, nil, err
	}
	var records []Record
	for lines.More() {
		var record Record
		if err := lines.Decode(&record); err != nil {
			return nil, nil, err
		}
		records = append(records, record)
	}
	return head.Balances, records, nil
}
